//! What a person types, and what they are told. One topic per file, text in and text out.

mod assist;
mod change;
mod hostile;
mod problems;
mod reading;
mod table;
mod yaml;

//! The page about fidelity, for whoever builds the web page: `petri fidelity --html` without what else `petri` brings, which
//! would take minutes longer to build.

fn main() {
    print!("{}", petri_conformance::fidelity::page());
}

//! Sets of completion indexes, and how a status writes them: `1,3-5,7`.
//!
//! Upstream: `pkg/controller/job/indexed_job_utils.go`.

use petri_objects::Pod;

/// The annotation and label with a pod's completion index.
pub const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// Indexes in rising order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Indexes(Vec<u32>);

impl Indexes {
    /// Reads what a status says. Whatever is no index of the Job is left out.
    pub fn read(text: &str, completions: u32) -> Indexes {
        let mut found = Indexes::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (Ok(first), Ok(last)) = (first.parse::<u32>(), last.parse::<u32>()) else { continue };
            (first..=last.min(completions.saturating_sub(1))).for_each(|index| found.add(index));
        }
        found
    }
    pub fn add(&mut self, index: u32) {
        if let Err(at) = self.0.binary_search(&index) {
            self.0.insert(at, index);
        }
    }
    pub fn extend(&mut self, indexes: impl IntoIterator<Item = u32>) {
        indexes.into_iter().for_each(|index| self.add(index));
    }
    pub fn has(&self, index: u32) -> bool {
        self.0.binary_search(&index).is_ok()
    }
    pub fn count(&self) -> i64 {
        self.0.len() as i64
    }
    /// How many of these are in both.
    pub fn shared(&self, other: &Indexes) -> i64 {
        self.0.iter().filter(|index| other.has(**index)).count() as i64
    }
    /// Three and more in a row are written by the first and the last of them.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let mut rest = &self.0[..];
        while let Some(first) = rest.first() {
            let run = (0..).zip(rest).take_while(|(offset, index)| **index == first + offset).count();
            let last = rest[run - 1];
            let shown = match run {
                1 => first.to_string(),
                2 => format!("{first},{last}"),
                _ => format!("{first}-{last}"),
            };
            if !out.is_empty() {
                out.push(',');
            }
            out.push_str(&shown);
            rest = &rest[run..];
        }
        out
    }
}

/// The completion index of a pod, if it is one that a Job of so many completions has.
pub fn index_of(pod: &Pod, completions: i64) -> Option<u32> {
    let index = pod.metadata.annotations.get(INDEX)?.parse::<u32>().ok()?;
    (i64::from(index) < completions).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_written_as_upstream_writes_them() {
        for (given, shown) in [("", ""), ("1", "1"), ("1,2", "1,2"), ("1-3,5,7-8", "1-3,5,7,8"), ("9,0-1", "0,1,9")] {
            assert_eq!(Indexes::read(given, 10).text(), shown);
        }
        assert_eq!(Indexes::read("0-99", 4).text(), "0-3", "those that the Job has no more are forgotten");
        assert_eq!(Indexes::read("1,x,3", 4).count(), 2);
    }
}

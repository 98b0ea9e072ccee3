//! Tables as `kubectl get` prints them, and the two columns that everyone reads first: STATUS and AGE.
//!
//! The page shows the same texts, so they are public.

mod cells;
mod daemon_set;
mod jobs;
mod kept;
mod pods;
mod rows;

pub use cells::{age, age_since, labels_text, write};
pub(crate) use jobs::job_duration;
pub(crate) use kept::secret_sizes;
pub use pods::{pod_ready, pod_restarts, pod_status};
pub use rows::{columns, row};

use petri_objects::{Kind, Object, Time};

/// How a table is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// `-o wide`.
    pub wide: bool,
    /// `-A`: a leading column NAMESPACE.
    pub namespaces: bool,
    /// `--show-labels`.
    pub labels: bool,
    /// `-L`: a column per label key.
    pub label_columns: Vec<String>,
    pub no_headers: bool,
    /// Names with their kind in front, because several kinds are printed.
    pub prefixed: bool,
}

/// The cells of a table, headers first unless they are not wanted.
pub fn cells(kind: Kind, objects: &[Object], options: &TableOptions, now: Time) -> Vec<Vec<String>> {
    let mut lines = Vec::with_capacity(objects.len() + 1);
    if !options.no_headers {
        let mut line: Vec<String> = Vec::new();
        if options.namespaces && kind.is_namespaced() {
            line.push("NAMESPACE".into());
        }
        line.extend(columns(kind, options.wide).into_iter().map(String::from));
        // A label's column is headed by the last part of its key.
        line.extend(options.label_columns.iter().map(|key| key.rsplit('/').next().unwrap_or(key).to_ascii_uppercase()));
        if options.labels {
            line.push("LABELS".into());
        }
        lines.push(line);
    }
    for object in objects {
        let mut line: Vec<String> = Vec::new();
        if options.namespaces && kind.is_namespaced() {
            line.push(object.meta().namespace.to_string());
        }
        let mut own = row(object, options.wide, now);
        if options.prefixed {
            // Events have their name in a wide column only, and no prefix without it.
            if let Some(at) = columns(kind, options.wide).iter().position(|header| *header == "NAME") {
                own[at] = format!("{}/{}", kind.qualified_singular(), own[at]);
            }
        }
        line.extend(own);
        let labels = &object.meta().labels;
        line.extend(options.label_columns.iter().map(|key| labels.get(key).map_or(String::new(), |v| v.to_string())));
        if options.labels {
            line.push(labels_text(labels));
        }
        lines.push(line);
    }
    lines
}

/// A table of one kind, ready to print.
pub fn table(kind: Kind, objects: &[Object], options: &TableOptions, now: Time) -> String {
    write(&cells(kind, objects, options, now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use petri_objects::Span;

    #[test]
    fn ages_have_at_most_two_units() {
        let text = |seconds: u64| age(Span::seconds(seconds));
        assert_eq!(text(0), "0s");
        assert_eq!(text(119), "119s");
        assert_eq!(text(120), "2m");
        assert_eq!(text(125), "2m5s");
        assert_eq!(text(599), "9m59s");
        assert_eq!(text(600), "10m");
        assert_eq!(text(10_799), "179m");
        assert_eq!(text(10_800), "3h");
        assert_eq!(text(3_600 * 7 + 60), "7h1m");
        assert_eq!(text(3_600 * 47), "47h");
        assert_eq!(text(3_600 * 49), "2d1h");
        assert_eq!(text(86_400 * 8), "8d");
        assert_eq!(text(86_400 * 365 * 2), "2y");
        assert_eq!(text(86_400 * (365 * 3 + 5)), "3y5d");
        assert_eq!(text(86_400 * 365 * 9), "9y");
    }

    #[test]
    fn an_instant_in_the_future_has_no_age() {
        let now = Time(10_000_000);
        assert_eq!(age_since(Time(11_500_000), now), "0s");
        assert_eq!(age_since(Time(12_000_000), now), "<invalid>");
        assert_eq!(age_since(Time::ZERO, now), "<unknown>");
    }

    #[test]
    fn a_cell_with_line_breaks_is_cut() {
        let lines = vec![vec!["A".to_string(), "B".into()], vec!["one\ntwo".into(), "x".into()]];
        assert_eq!(write(&lines), "A        B\none...   x\n");
    }
}

#[cfg(test)]
mod golden;

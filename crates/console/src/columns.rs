//! Elastic columns: cells that stand in lines next to each other share a width.
//!
//! Upstream: Go's `text/tabwriter`, which kubectl writes its tables and its `describe` with. A cell ends with a tab; what
//! follows the last tab of a line belongs to no column. A column is a run of neighbouring lines that all have the cell.

/// How columns are set.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// The least width of a cell, padding included.
    pub least: usize,
    /// Blanks between the longest cell and the next column.
    pub padding: usize,
}

/// `kubectl get`.
pub const TABLE: Columns = Columns { least: 6, padding: 3 };
/// `kubectl describe`.
pub const DESCRIBE: Columns = Columns { least: 0, padding: 2 };
/// `kubectl rollout history`.
pub const HISTORY: Columns = Columns { least: 0, padding: 2 };

impl Columns {
    /// Replaces the tabs of a text by blanks.
    pub fn align(self, text: &str) -> String {
        let ends_with_newline = text.ends_with('\n');
        let body = if ends_with_newline { &text[..text.len() - 1] } else { text };
        let lines: Vec<Vec<&str>> = body.split('\n').map(|line| line.split('\t').collect()).collect();
        let mut out = String::with_capacity(text.len() * 2);
        self.block(&lines, &mut Vec::new(), &mut out);
        if !ends_with_newline {
            out.pop();
        }
        out
    }

    /// Sets lines that share the columns in `widths`.
    fn block(self, lines: &[Vec<&str>], widths: &mut Vec<usize>, out: &mut String) {
        let column = widths.len();
        let has_cell = |line: &Vec<&str>| line.len() > column + 1;
        let mut from = 0;
        while from < lines.len() {
            let run = lines[from..].iter().take_while(|line| has_cell(line)).count();
            if run == 0 {
                write_line(&lines[from], widths, out);
                from += 1;
                continue;
            }
            let run = &lines[from..from + run];
            let longest = run.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
            widths.push((longest + self.padding).max(self.least));
            self.block(run, widths, out);
            widths.pop();
            from += run.len();
        }
    }
}

fn write_line(line: &[&str], widths: &[usize], out: &mut String) {
    for (i, cell) in line.iter().enumerate() {
        out.push_str(cell);
        if let Some(width) = widths.get(i) {
            out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
        }
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_lines_share_a_column_and_others_do_not() {
        let text = "a\tb\nlonger\tc\nno cell\nx\ty\n";
        assert_eq!(DESCRIBE.align(text), "a       b\nlonger  c\nno cell\nx  y\n");
    }

    #[test]
    fn an_inner_column_ends_where_a_line_has_no_such_cell() {
        let text = "k:\tlong cell\tz\nk:\tv\nk:\tv\tz\n";
        assert_eq!(DESCRIBE.align(text), "k:  long cell  z\nk:  v\nk:  v  z\n");
    }

    #[test]
    fn an_empty_column_still_has_the_least_width() {
        assert_eq!(TABLE.align("A\t\tB\n"), "A           B\n");
    }
}

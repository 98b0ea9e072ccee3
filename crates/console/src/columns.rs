//! Elastic columns: cells that stand in lines next to each other share a width.
//!
//! Upstream: Go's `text/tabwriter`, which kubectl writes its tables and its `describe` with. A cell ends with a tab; what
//! follows the last tab of a line belongs to no column. A column is a run of neighbouring lines that all have the cell.

use crate::limits::LARGEST_ANSWER;

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
        self.blocks(&lines, &mut out);
        if !ends_with_newline {
            out.pop();
        }
        out
    }

    /// Sets lines block by block: the lines of a block share a column, and lie in a block that shares the column before it.
    fn blocks(self, lines: &[Vec<&str>], out: &mut String) {
        // Where each block goes on and where it ends, the innermost last, and the widths of the columns that it shares.
        let (mut blocks, mut widths) = (vec![(0, lines.len())], Vec::new());
        while let Some((from, to)) = blocks.last_mut() {
            let column = widths.len();
            let has_cell = |line: &&Vec<&str>| line.len() > column + 1;
            let run = lines[*from..*to].iter().take_while(has_cell).count();
            if *from == *to {
                blocks.pop();
                widths.pop();
            } else if run == 0 {
                if out.len() > LARGEST_ANSWER {
                    return out.push_str("... the rest of this table is cut off: it is too large\n");
                }
                write_line(&lines[*from], &widths, out);
                *from += 1;
            } else {
                let block = (*from, *from + run);
                *from = block.1;
                let longest =
                    lines[block.0..block.1].iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
                widths.push((longest + self.padding).max(self.least));
                blocks.push(block);
            }
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
    fn very_many_columns_need_no_stack_and_very_wide_ones_are_cut_off() {
        let cells = 200_000;
        assert_eq!(DESCRIBE.align(&("a\t".repeat(cells) + "b\n")).len(), 3 * cells + 2);
        let wide = format!("{}\tb\n{}", "w".repeat(100_000), "a\tb\n".repeat(1_000));
        let text = DESCRIBE.align(&wide);
        assert!(text.len() < LARGEST_ANSWER + 200_000 && text.ends_with("it is too large\n"), "{}", text.len());
    }

    #[test]
    fn an_empty_column_still_has_the_least_width() {
        assert_eq!(TABLE.align("A\t\tB\n"), "A           B\n");
    }
}

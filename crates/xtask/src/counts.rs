//! How many tests a runner says it ran, read from what it printed.

use std::ops::AddAssign;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Sums every `test result:` line of cargo's test harness and of the one for browsers.
pub fn of_cargo(output: &str) -> Counts {
    let mut sum = Counts::default();
    for line in output.lines().map(without_colours) {
        let Some((_, result)) = line.split_once("test result:") else { continue };
        for part in result.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(number), Some(what)) = (words.next().and_then(|word| word.parse::<u64>().ok()), words.next())
            else {
                continue;
            };
            match what {
                "passed" => sum.passed += number,
                "failed" => sum.failed += number,
                "ignored" => sum.skipped += number,
                _ => {}
            }
        }
    }
    sum
}

/// Reads the closing figures of Node's test runner, in its `spec` or its `tap` format.
pub fn of_node(output: &str) -> Counts {
    let mut sum = Counts::default();
    for line in output.lines().map(without_colours) {
        let Some(rest) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# ")) else { continue };
        let Some((what, number)) = rest.split_once(' ') else { continue };
        let Ok(number) = number.trim().parse::<u64>() else { continue };
        match what {
            "pass" => sum.passed += number,
            "fail" | "cancelled" => sum.failed += number,
            "skipped" | "todo" => sum.skipped += number,
            _ => {}
        }
    }
    sum
}

/// Takes the terminal's escape sequences out of a line.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            plain.push(character);
            continue;
        }
        // `ESC [ … letter` is a colour; `ESC ( x` picks a character set.
        match characters.next() {
            Some('[') => while characters.next().is_some_and(|next| !next.is_ascii_alphabetic()) {},
            Some('(') => drop(characters.next()),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_results_are_summed_over_binaries_with_and_without_colour() {
        let output = "running 3 tests\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 5 filtered out; finished in 0.00s\n\
            test result: \u{1b}[31mFAILED\u{1b}(B\u{1b}[m. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(of_cargo(output), Counts { passed: 6, failed: 2, skipped: 1 });
        assert_eq!(of_cargo("error: could not compile"), Counts::default());
    }

    #[test]
    fn node_results_are_read_in_both_formats() {
        let spec = "✔ it works (1ms)\nℹ tests 4\nℹ pass 2\nℹ fail 1\nℹ cancelled 0\nℹ skipped 1\nℹ todo 0\n";
        assert_eq!(of_node(spec), Counts { passed: 2, failed: 1, skipped: 1 });
        assert_eq!(of_node("# pass 7\n# fail 0\n"), Counts { passed: 7, failed: 0, skipped: 0 });
        assert_eq!(of_node("\u{1b}[34mℹ pass 3\u{1b}[39m\n").passed, 3);
    }
}

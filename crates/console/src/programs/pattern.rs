//! Patterns of `grep` and `sed`: a small regular language, matched without going back further than a line.

/// What one place of a text may be.
#[derive(Clone, Debug)]
enum One {
    Any,
    Is(char),
    /// `[a-z]`, `[^a-z]`.
    Of {
        ranges: Vec<(char, char)>,
        inverted: bool,
    },
}

#[derive(Clone, Debug)]
struct Item {
    one: One,
    least: usize,
    /// `*` and `+` take any number.
    most: usize,
}

/// One of the alternatives of a pattern.
#[derive(Clone, Debug, Default)]
struct Branch {
    items: Vec<Item>,
    at_start: bool,
    at_end: bool,
    /// The items of each group, from and to.
    groups: Vec<(usize, usize)>,
}

/// A pattern that was read.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    branches: Vec<Branch>,
    ignores_case: bool,
}

/// Items of one pattern.
const MOST_ITEMS: usize = 200;
/// Items times characters of a place whose groups are told apart.
const MOST_PLACES: usize = 2_000_000;

impl Pattern {
    /// # Errors
    /// What in it is not understood.
    pub(crate) fn read(text: &str, fixed: bool, extended: bool, ignores_case: bool) -> Result<Pattern, String> {
        let mut branches = vec![Branch::default()];
        if text.chars().count() > MOST_ITEMS * 4 {
            return Err("the pattern is too long".into());
        }
        // Groups that have not ended, and whether one has just now.
        let (mut open, mut closed) = (Vec::new(), false);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let last = branches.len() - 1;
            let branch = &mut branches[last];
            let is_first = branch.items.is_empty() && !branch.at_start;
            let is_group = !fixed && (extended && matches!(c, '(' | ')'))
                || !fixed && !extended && c == '\\' && matches!(chars.peek(), Some('(' | ')'));
            if is_group {
                let sign = if extended { c } else { chars.next().unwrap_or(c) };
                match (sign, open.pop()) {
                    ('(', before) => {
                        open.extend(before);
                        open.push(branch.groups.len());
                        branch.groups.push((branch.items.len(), branch.items.len()));
                    }
                    (_, Some(group)) => branch.groups[group].1 = branch.items.len(),
                    (_, None) => return Err("Unmatched ) or \\)".into()),
                }
                closed = sign == ')';
                continue;
            }
            if std::mem::take(&mut closed) && (c == '*' || extended && matches!(c, '+' | '?' | '{')) {
                return Err(format!("{c} behind a group is not understood here"));
            }
            if !open.is_empty() && extended && c == '|' && !fixed {
                return Err("( is not understood here".into());
            }
            let one = match c {
                c if fixed => One::Is(c),
                '\\' => match chars.next() {
                    Some('|') if open.is_empty() => {
                        branches.push(Branch::default());
                        continue;
                    }
                    Some('s') => One::Of { ranges: vec![(' ', ' '), ('\t', '\t')], inverted: false },
                    Some('d') => One::Of { ranges: vec![('0', '9')], inverted: false },
                    Some('w') => {
                        One::Of { ranges: vec![('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')], inverted: false }
                    }
                    Some('b' | '<' | '>') => continue,
                    Some('|' | '{' | '}') if !extended => return Err("this of groups is not understood here".into()),
                    Some('+' | '?') if !extended => return Err("use grep -E for + and ?".into()),
                    Some(c) => One::Is(c),
                    None => return Err("Trailing backslash".into()),
                },
                '^' if is_first => {
                    branch.at_start = true;
                    continue;
                }
                '$' if chars.peek().is_none_or(|next| extended && *next == '|') => {
                    branch.at_end = true;
                    continue;
                }
                '|' if extended => {
                    branches.push(Branch::default());
                    continue;
                }
                '{' if extended => return Err(format!("{c} is not understood here")),
                '*' | '+' | '?' if !is_first && (c == '*' || extended) => {
                    if let Some(item) = branch.items.last_mut() {
                        item.least = usize::from(c == '+');
                        item.most = if c == '?' { 1 } else { usize::MAX };
                    }
                    continue;
                }
                '.' => One::Any,
                '[' => set(&mut chars)?,
                c => One::Is(c),
            };
            branch.items.push(Item { one, least: 1, most: 1 });
        }
        if !open.is_empty() {
            return Err("Unmatched ( or \\(".into());
        }
        Ok(Pattern { branches, ignores_case })
    }

    /// The first place where it fits, in bytes.
    pub(crate) fn find(&self, line: &str) -> Option<(usize, usize)> {
        let text: Vec<(usize, char)> = line.char_indices().collect();
        let byte = |at: usize| text.get(at).map_or(line.len(), |(byte, _)| *byte);
        // Each item is tried at each place once: a pattern of a hundred items costs a hundred times the line, no more.
        for start in 0..=text.len() {
            let ends = self.branches.iter().filter(|branch| !branch.at_start || start == 0);
            let ends = ends.filter_map(|branch| self.fits(branch, &text, start));
            if let Some(end) = ends.max() {
                return Some((byte(start), byte(end)));
            }
        }
        None
    }

    /// Whether it fits where no letter stands before or behind it.
    pub(crate) fn is_word_in(&self, line: &str) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let mut from = 0;
        while let Some((start, end)) = line.get(from..).and_then(|rest| self.find(rest)) {
            let (start, end) = (from + start, from + end);
            if !line[..start].ends_with(is_part) && !line[end..].starts_with(is_part) {
                return true;
            }
            from = start + line[start..].chars().next().map_or(1, char::len_utf8);
        }
        false
    }

    /// The furthest end of a branch that begins there: the set of places that can be reached, item by item.
    fn fits(&self, branch: &Branch, text: &[(usize, char)], start: usize) -> Option<usize> {
        let mut reached = vec![start];
        for item in &branch.items {
            let mut next = Vec::new();
            for from in reached {
                let (mut at, mut count) = (from, 0);
                loop {
                    if count >= item.least {
                        // Places of earlier starts are known already.
                        if next.binary_search(&at).is_ok() {
                            break;
                        }
                        next.push(at);
                        next.sort_unstable();
                    }
                    if count == item.most || !text.get(at).is_some_and(|(_, c)| self.is(&item.one, *c)) {
                        break;
                    }
                    (at, count) = (at + 1, count + 1);
                }
            }
            if next.is_empty() {
                return None;
            }
            reached = next;
        }
        if branch.at_end {
            return reached.contains(&text.len()).then_some(text.len());
        }
        reached.last().copied()
    }

    /// What each group of a pattern fits that was found from there to there, in bytes: the first takes as much as it can.
    ///
    /// # Errors
    /// The place is too long to be taken apart.
    pub(crate) fn groups<'l>(&self, line: &'l str, (from, to): (usize, usize)) -> Result<Vec<&'l str>, String> {
        let text: Vec<(usize, char)> = line[from..to].char_indices().collect();
        let byte = |at: usize| from + text.get(at).map_or(to - from, |(byte, _)| *byte);
        for branch in self.branches.iter().filter(|branch| !branch.groups.is_empty()) {
            if branch.items.len() * (text.len() + 1) > MOST_PLACES {
                return Err("this line is too long for groups".into());
            }
            // For each item, from behind: how far it goes at most from each place so that the rest leads to the end.
            let mut furthest = vec![vec![None; text.len() + 1]; branch.items.len() + 1];
            furthest[branch.items.len()][text.len()] = Some(text.len());
            for (at, item) in branch.items.iter().enumerate().rev() {
                let mut fitting = 0;
                // The last place of those that lead on, up to each.
                let mut last = Vec::with_capacity(text.len() + 1);
                for (place, reached) in furthest[at + 1].iter().enumerate() {
                    let before = last.last().copied().flatten();
                    last.push(if reached.is_some() { Some(place) } else { before });
                }
                for place in (0..=text.len()).rev() {
                    let fits = text.get(place).is_some_and(|(_, c)| self.is(&item.one, *c));
                    fitting = if fits { fitting + 1 } else { 0 };
                    let most = place + fitting.min(item.most);
                    furthest[at][place] = last[most].filter(|reached| *reached >= place + item.least);
                }
            }
            let mut places = vec![0];
            for reached in &furthest[..branch.items.len()] {
                places.extend(places.last().and_then(|place| reached[*place]));
            }
            if places.len() == branch.items.len() + 1 && places.last() == Some(&text.len()) {
                let parts = branch.groups.iter().map(|(from, to)| &line[byte(places[*from])..byte(places[*to])]);
                return Ok(parts.collect());
            }
        }
        Ok(Vec::new())
    }

    fn is(&self, one: &One, c: char) -> bool {
        let same = |a: char, b: char| a == b || self.ignores_case && a.to_lowercase().eq(b.to_lowercase());
        match one {
            One::Any => true,
            One::Is(known) => same(*known, c),
            One::Of { ranges, inverted } => {
                let within = |c: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
                let found = within(c)
                    || self.ignores_case && (within(c.to_ascii_lowercase()) || within(c.to_ascii_uppercase()));
                found != *inverted
            }
        }
    }
}

fn set(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<One, String> {
    let inverted = chars.next_if_eq(&'^').is_some();
    let (mut ranges, mut first) = (Vec::new(), true);
    loop {
        let Some(c) = chars.next() else { return Err("Unmatched [, [^, [:, [., or [=".into()) };
        if c == ']' && !first {
            return Ok(One::Of { ranges, inverted });
        }
        first = false;
        if c == '[' && chars.peek() == Some(&':') {
            let name: String = chars.by_ref().take_while(|c| *c != ']').collect();
            match name.trim_matches(':') {
                "digit" => ranges.push(('0', '9')),
                "alpha" => ranges.extend([('a', 'z'), ('A', 'Z')]),
                "alnum" => ranges.extend([('a', 'z'), ('A', 'Z'), ('0', '9')]),
                "space" => ranges.extend([(' ', ' '), ('\t', '\t')]),
                other => return Err(format!("[:{other}:] is not understood here")),
            }
            continue;
        }
        if chars.peek() == Some(&'-') {
            chars.next();
            match chars.next() {
                Some(']') => {
                    ranges.extend([(c, c), ('-', '-')]);
                    return Ok(One::Of { ranges, inverted });
                }
                Some(end) => ranges.push((c, end)),
                None => return Err("Unmatched [".into()),
            }
        } else {
            ranges.push((c, c));
        }
    }
}

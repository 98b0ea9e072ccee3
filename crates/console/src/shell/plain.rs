//! Lines that need no shell: most of those that are typed. Whoever types nothing else never fetches the rest of it.

/// Bytes of a line and signs between commands, quoted ones included, that are looked through.
const LONGEST: usize = 16 << 10;
const MOST: usize = 100;

/// The commands of a line in which a shell has nothing to put in and nowhere to lead anything: words and quoted texts,
/// with `;` between commands that are all `own`. `None` for any other line, which [`read()`](super::read()) takes apart.
pub(crate) fn plain(line: &str, own: impl Fn(&str) -> bool) -> Option<Vec<Vec<String>>> {
    // Who types more than this types no plain line, and commands have their bounds where they are read.
    if line.len() > LONGEST || line.matches(';').count() > MOST {
        return None;
    }
    let mut commands: Vec<Vec<String>> = vec![Vec::new()];
    // `None` between words: an empty text in quotes is a word as well.
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.trim().chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some('"'), '$' | '`' | '\\' | '!') => return None,
            (Some(_), _) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ' | '\t') => commands.last_mut()?.extend(word.take()),
            (None, ';') => {
                commands.last_mut()?.extend(word.take());
                commands.push(Vec::new());
            }
            (None, _) if c.is_alphanumeric() || "_./:@,+-=%^".contains(c) => word.get_or_insert_default().push(c),
            (None, _) => return None,
        }
    }
    commands.last_mut()?.extend(word);
    if commands.len() > 1 && commands.last().is_some_and(Vec::is_empty) {
        commands.pop();
    }
    let all = quote.is_none() && commands.iter().all(|words| words.first().is_some_and(|first| own(first)));
    all.then_some(commands)
}

/// Words as one types them: quoted where they have to be, and not where they need not. `None` if that cannot be.
pub(crate) fn joined(words: &[String]) -> Option<String> {
    let is_plain =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_=:,./@%+".contains(c));
    let typed = |word: &String| match is_plain(word) {
        true => Some(word.clone()),
        false => shlex::try_quote(word).ok().map(|quoted| quoted.into_owned()),
    };
    Some(words.iter().map(typed).collect::<Option<Vec<_>>>()?.join(" "))
}

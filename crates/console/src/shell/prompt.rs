//! Lines as pages show them: with the prompt of the shell that they were typed into.

/// Who reads the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The console itself.
    Desk,
    /// A shell in a container, or a client's: `#` is a remark elsewhere.
    Shell,
    /// A client that reads its own lines: `>` leads an output into a file elsewhere.
    Client,
}

/// A line without the prompt that stands before it; `None` if there is none. `is_program` tells the words that a shell runs:
/// what stands behind one of them is said to it.
pub(crate) fn without(line: &str, reader: Reader, is_program: fn(&str) -> bool) -> Option<&str> {
    let inside = reader != Reader::Desk;
    let text = line.trim_start();
    if let (Reader::Client, Some(rest)) = (reader, text.strip_prefix("[zk: ")) {
        return rest.split_once("] ").map(|(_, rest)| rest.trim_start()).filter(|rest| !rest.is_empty());
    }
    let (at, sign) = text.char_indices().take(LONGEST).find(|(_, c)| "$#>%".contains(*c))?;
    let rest = text[at + 1..].strip_prefix([' ', '\t'])?.trim_start();
    let before = text[..at].trim();
    let bare = before.trim_matches(['[', ']', '(', ')']).trim();
    let is_one_word = !bare.contains(char::is_whitespace);
    let is_prompt = match (sign, before) {
        ('$' | '%', "") => true,
        ('>', "") => rest.starts_with("kubectl ") || inside,
        ('#', "") => inside,
        ('>', _) if before == "PS" || before.starts_with("PS ") || before.get(1..3) == Some(":\\") => true,
        ('>', _) => {
            let is_name = is_one_word && before.ends_with(|c: char| c.is_alphanumeric());
            reader == Reader::Client && (is_name || before == "-") && !before.starts_with('/')
        }
        ('$', "node") => true,
        // `postgres=#`, and `postgres-#` where a statement goes on.
        ('#', _) if reader == Reader::Client => is_one_word && before.ends_with(['=', '-']),
        _ => {
            let is_shell = ["sh-", "bash-", "ash-"].iter().any(|start| bare.starts_with(start));
            let is_folder = bare.starts_with(['/', '~']) && !is_program(bare.rsplit('/').next().unwrap_or(bare));
            is_one_word && (bare.contains('@') || is_shell || inside && is_folder)
        }
    };
    (is_prompt && !rest.is_empty()).then_some(rest)
}

/// How far a prompt is looked for.
const LONGEST: usize = 100;

#[cfg(test)]
mod tests {
    use super::{Reader, without as before};

    fn without(line: &str, reader: Reader) -> Option<&str> {
        before(line, reader, |word| matches!(word, "ls" | "hostname" | "date" | "echo"))
    }

    #[test]
    fn prompts_of_shells_are_no_part_of_the_line() {
        for line in ["$ kubectl get pods", "% kubectl get pods", "> kubectl get pods", "PS C:\\Users> kubectl get pods"]
        {
            assert_eq!(without(line, Reader::Desk), Some("kubectl get pods"), "{line}");
        }
        assert_eq!(without("user@host:~$ kubectl get pods", Reader::Desk), Some("kubectl get pods"));
        assert_eq!(without("node $ curl -k https://10.244.3.5", Reader::Desk), Some("curl -k https://10.244.3.5"));
        for line in ["root@redis:/data# ls", "/ # ls", "/# ls", "# ls", "[ root@curl:/ ]$ ls", "bash-5.1# ls"] {
            assert_eq!(without(line, Reader::Shell), Some("ls"), "{line}");
        }
        for prompt in
            ["127.0.0.1:6379>", "mysql>", "    ->", "postgres=#", "shop-#", "[zk: localhost:2181(CONNECTED) 0]"]
        {
            assert_eq!(without(&format!("{prompt} GET /a"), Reader::Client), Some("GET /a"), "{prompt}");
        }
    }

    #[test]
    fn what_a_shell_means_by_these_signs_stays() {
        for line in
            ["# a remark", "echo $ x", "echo a > b", "> file", "kubectl get pods # all", "A=b $ x", "$", "ls # x"]
        {
            assert_eq!(without(line, Reader::Desk), None, "{line}");
        }
        for line in ["echo a > b", "hostname > /data/index.html", "date > /srv/x", "/bin/ls # note", "x > y"] {
            assert_eq!(without(line, Reader::Shell), None, "{line}");
        }
        assert_eq!(without("printf 'a:\\n' > f", Reader::Desk), None);
        assert_eq!(without("echo $HOME", Reader::Shell), None);
    }
}

//! Lines as pages show them: with the prompt of the shell that they were typed into.

/// A line without the prompt that stands before it; `None` if there is none. `inside` is whether a container's shell, or a
/// client's, reads the lines: `#` is a remark elsewhere, and `>` leads an output into a file.
pub(crate) fn without(line: &str, inside: bool) -> Option<&str> {
    let text = line.trim_start();
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
        ('>', _) => inside && is_one_word && !rest.is_empty() && before.ends_with(|c: char| c.is_alphanumeric()),
        ('$', "node") => true,
        _ => {
            let is_shell = ["sh-", "bash-", "ash-"].iter().any(|start| bare.starts_with(start));
            is_one_word && (bare.contains('@') || is_shell || inside && bare.starts_with(['/', '~']))
        }
    };
    (is_prompt && !rest.is_empty()).then_some(rest)
}

/// How far a prompt is looked for.
const LONGEST: usize = 100;

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn prompts_of_shells_are_no_part_of_the_line() {
        for line in ["$ kubectl get pods", "% kubectl get pods", "> kubectl get pods", "PS C:\\Users> kubectl get pods"]
        {
            assert_eq!(without(line, false), Some("kubectl get pods"), "{line}");
        }
        assert_eq!(without("user@host:~$ kubectl get pods", false), Some("kubectl get pods"));
        assert_eq!(without("node $ curl -k https://10.244.3.5", false), Some("curl -k https://10.244.3.5"));
        for line in ["root@redis:/data# ls", "/ # ls", "/# ls", "# ls", "[ root@curl:/ ]$ ls", "bash-5.1# ls"] {
            assert_eq!(without(line, true), Some("ls"), "{line}");
        }
        assert_eq!(without("127.0.0.1:6379> CONFIG GET maxmemory", true), Some("CONFIG GET maxmemory"));
    }

    #[test]
    fn what_a_shell_means_by_these_signs_stays() {
        for line in
            ["# a remark", "echo $ x", "echo a > b", "> file", "kubectl get pods # all", "A=b $ x", "$", "ls # x"]
        {
            assert_eq!(without(line, false), None, "{line}");
        }
        assert_eq!(without("echo a > b", true), None);
        assert_eq!(without("printf 'a:\\n' > f", false), None);
        assert_eq!(without("echo $HOME", true), None);
    }
}

//! JSON text to [`Value`], for what comes in from outside: hostile until proven otherwise.

use petri_objects::{Map, Value};

/// How deeply lists and maps may lie in each other. Manifests need about 20.
const DEPTH: u32 = 96;

/// Reads one JSON text.
///
/// # Errors
/// Says what was expected and at which byte. Never panics, whatever the text.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(DEPTH)?;
    reader.space();
    if reader.at == text.len() { Ok(value) } else { reader.fail("the end") }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn fail<T>(&self, expected: &str) -> Result<T, String> {
        Err(format!("expected {expected} at byte {}", self.at))
    }
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }
    fn eat(&mut self, word: &str) -> bool {
        let found = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        if found {
            self.at += word.len();
        }
        found
    }
    fn value(&mut self, depth: u32) -> Result<Value, String> {
        if depth == 0 {
            return Err("the text is nested too deeply".into());
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(|text| Value::String(text.into())),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.eat("true") => Ok(Value::Bool(true)),
            _ if self.eat("false") => Ok(Value::Bool(false)),
            _ if self.eat("null") => Ok(Value::Null),
            _ => self.fail("a value"),
        }
    }
    fn map(&mut self, depth: u32) -> Result<Value, String> {
        let mut map = Map::new();
        self.at += 1;
        self.space();
        if self.eat("}") {
            return Ok(Value::Map(map));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            if !self.eat(":") {
                return self.fail("':'");
            }
            map.insert(key, self.value(depth - 1)?);
            self.space();
            if self.eat("}") {
                return Ok(Value::Map(map));
            }
            if !self.eat(",") {
                return self.fail("',' or '}'");
            }
        }
    }
    fn list(&mut self, depth: u32) -> Result<Value, String> {
        let mut list = Vec::new();
        self.at += 1;
        self.space();
        if self.eat("]") {
            return Ok(Value::List(list));
        }
        loop {
            list.push(self.value(depth - 1)?);
            self.space();
            if self.eat("]") {
                return Ok(Value::List(list));
            }
            if !self.eat(",") {
                return self.fail("',' or ']'");
            }
        }
    }
    fn number(&mut self) -> Result<Value, String> {
        let from = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let text = &self.text[from..self.at];
        Ok(text.parse().map_or_else(|_| Value::Number(text.into()), Value::Int))
    }
    fn string(&mut self) -> Result<String, String> {
        if !self.eat("\"") {
            return self.fail("'\"'");
        }
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(stop) = rest.find(['"', '\\']) else { return self.fail("the end of a string") };
            out.push_str(&rest[..stop]);
            self.at += stop + 1;
            if rest.as_bytes()[stop] == b'"' {
                return Ok(out);
            }
            out.push(self.escape()?);
        }
    }
    fn escape(&mut self) -> Result<char, String> {
        let Some(letter) = self.peek() else { return self.fail("an escape") };
        self.at += 1;
        Ok(match letter {
            b'"' | b'\\' | b'/' => letter as char,
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let unit = self.unit()?;
                // A surrogate stands for half a character; the other half follows.
                if (0xd800..0xdc00).contains(&unit) && self.eat("\\u") {
                    let low = self.unit()?;
                    let both = 0x10000 + ((unit - 0xd800) << 10) + (low & 0x3ff);
                    char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER)
                } else {
                    char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
                }
            }
            _ => return self.fail("an escape"),
        })
    }
    fn unit(&mut self) -> Result<u32, String> {
        let digits = self.text.get(self.at..self.at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at += 4;
        unit.map_or_else(|| self.fail("four digits"), Ok)
    }
}

/// The URL-safe alphabet, unpadded.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Bytes as text that an address may carry as it is.
pub fn to_base64url(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for i in 0..=chunk.len() {
            out.push(ALPHABET[(group >> (18 - 6 * i) & 63) as usize] as char);
        }
    }
    out
}

/// The bytes again; `None` if the text was not made by [`to_base64url`].
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in text.trim_end_matches('=').as_bytes().chunks(4) {
        if chunk.len() == 1 {
            return None;
        }
        let mut group = 0u32;
        for byte in chunk {
            group = group << 6 | ALPHABET.iter().position(|letter| letter == byte)? as u32;
        }
        group <<= 6 * (4 - chunk.len());
        out.extend_from_slice(&group.to_be_bytes()[1..chunk.len()]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_again() {
        let text = r#"{"a":[1,-2,null,true,"\u003c\"\\\n"],"b":{"c":1.5}}"#;
        assert_eq!(parse(text).unwrap().to_json(), text);
    }

    #[test]
    fn surrogate_pairs_make_one_character() {
        assert_eq!(parse(r#""\ud83d\ude00""#).unwrap(), Value::from("\u{1f600}"));
    }

    #[test]
    fn broken_text_is_refused_with_its_place() {
        for text in ["", "{", "[1,", "\"a", "{\"a\"}", "tru", "\"\\u12", "\"\\uéé\"", "1 2", "{\"a\":1,}"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).unwrap_err().contains("nested"));
    }

    #[test]
    fn base64url_comes_back() {
        for text in ["", "a", "ab", "abc", "abcd", "\u{1f600}?"] {
            assert_eq!(from_base64url(&to_base64url(text.as_bytes())).unwrap(), text.as_bytes());
        }
        assert_eq!(from_base64url("a"), None);
        assert_eq!(from_base64url("a+b/"), None);
    }
}

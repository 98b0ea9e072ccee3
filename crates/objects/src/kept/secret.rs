//! Base64, in which the data of a Secret is written.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The bytes of a text in base64; line breaks are passed over.
///
/// # Errors
/// The byte at which Go's decoder gives up.
pub fn decode(text: &str) -> Result<Vec<u8>, usize> {
    let (mut bytes, mut bits, mut count, mut padding) = (Vec::with_capacity(text.len() / 4 * 3), 0_u32, 0, 0);
    let mut end = text.len();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\n' | b'\r' => continue,
            // At most two stand at the end of a group of four.
            b'=' if count + padding >= 2 && count + padding < 4 => padding += 1,
            _ if padding > 0 || byte == b'=' => return Err(at),
            _ => {
                let Some(value) = LETTERS.iter().position(|letter| *letter == byte) else { return Err(at) };
                bits = bits << 6 | value as u32;
                count += 1;
            }
        }
        end = at + 1;
        if count + padding == 4 {
            let group = bits << (6 * padding);
            bytes.extend(group.to_be_bytes()[1..].iter().take(3 - padding));
            (bits, count) = (0, 0);
            if padding == 0 {
                continue;
            }
            // Nothing may follow.
            let rest = text.bytes().enumerate().skip(at + 1).find(|(_, byte)| !matches!(byte, b'\n' | b'\r'));
            return rest.map_or(Ok(bytes), |(at, _)| Err(at));
        }
    }
    // Upstream: `base64.Encoding.decodeQuantum` names the beginning of what is missing.
    if count + padding == 0 { Ok(bytes) } else { Err(end - count - padding) }
}

/// Bytes in base64.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().chain(&[0, 0]).take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { letter as char } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_both_ways() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar\u{ff}", "Zm9vYmFyw78=")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Ok(bytes.as_bytes()));
        }
        assert_eq!(decode("Zm9v\nYmFy\n").as_deref(), Ok(&b"foobar"[..]));
    }

    #[test]
    fn what_is_no_base64_is_named_by_its_byte() {
        for (text, byte) in [("not base64!", 3), ("Zm9vYg", 4), ("Zg==Zg==", 4), ("=", 0), ("Zm=v", 3), ("a\u{e9}", 1)]
        {
            assert_eq!(decode(text), Err(byte), "{text}");
        }
    }
}

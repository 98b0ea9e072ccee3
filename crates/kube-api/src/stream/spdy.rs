//! The frames of SPDY/3.1, as far as port-forward speaks them: streams are opened, carry bytes and end.
//!
//! Upstream: `github.com/moby/spdystream`, and the draft of SPDY/3.1. Nobody counts what is under way.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// What a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A stream begins, with these headers.
    Open {
        stream: u32,
        headers: Vec<(String, String)>,
    },
    Data {
        stream: u32,
        bytes: Vec<u8>,
        last: bool,
    },
    Reset {
        stream: u32,
    },
    Ping {
        id: u32,
    },
    Away,
    /// Nothing that matters here.
    Other,
}

const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const GOAWAY: u16 = 7;
const FINAL: u8 = 1;
/// What precedes a frame's content.
const HEAD: usize = 8;
/// How much of a header block is read at most.
const LARGEST_HEADERS: usize = 64 << 10;
/// How far back a compressed text may point.
const WINDOW: usize = 32 << 10;

/// Reads frames from bytes as they arrive.
pub struct Reader {
    pending: Vec<u8>,
    inflater: Inflater,
}

/// What is no SPDY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl Reader {
    pub fn new() -> Reader {
        Reader { pending: Vec::new(), inflater: Inflater::new() }
    }
    pub fn feed(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }
    /// The next whole frame.
    ///
    /// # Errors
    /// Headers that cannot be read: nothing after them can be.
    pub fn next(&mut self) -> Result<Option<Frame>, Malformed> {
        let Some(head) = self.pending.get(..HEAD) else { return Ok(None) };
        let length = usize::from(head[5]) << 16 | usize::from(head[6]) << 8 | usize::from(head[7]);
        if self.pending.len() < HEAD + length {
            return Ok(None);
        }
        let frame: Vec<u8> = self.pending.drain(..HEAD + length).collect();
        let (head, body) = frame.split_at(HEAD);
        let word = |bytes: &[u8], at: usize| {
            bytes.get(at..at + 4).map_or(0, |four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
        };
        let flags = head[4];
        if head[0] & 0x80 == 0 {
            return Ok(Some(Frame::Data { stream: word(head, 0), bytes: body.to_vec(), last: flags & FINAL != 0 }));
        }
        Ok(Some(match u16::from_be_bytes([head[2], head[3]]) {
            SYN_STREAM => {
                let block = self.inflater.more(body.get(10..).ok_or(Malformed)?)?;
                Frame::Open { stream: word(body, 0) & 0x7fff_ffff, headers: headers(&block).ok_or(Malformed)? }
            }
            RST_STREAM => Frame::Reset { stream: word(body, 0) & 0x7fff_ffff },
            PING => Frame::Ping { id: word(body, 0) },
            GOAWAY => Frame::Away,
            _ => Frame::Other,
        }))
    }
}

fn headers(block: &[u8]) -> Option<Vec<(String, String)>> {
    fn number(rest: &mut &[u8]) -> Option<usize> {
        let (four, after) = rest.split_at_checked(4)?;
        *rest = after;
        usize::try_from(u32::from_be_bytes(four.try_into().ok()?)).ok()
    }
    fn text(rest: &mut &[u8]) -> Option<String> {
        let length = number(rest)?;
        let (own, after) = rest.split_at_checked(length)?;
        *rest = after;
        Some(String::from_utf8_lossy(own).into_owned())
    }
    let mut rest = block;
    let count = number(&mut rest)?;
    let mut found = Vec::new();
    for _ in 0..count {
        found.push((text(&mut rest)?.to_ascii_lowercase(), text(&mut rest)?));
    }
    Some(found)
}

/// The headers of all frames of one direction are one compressed text, which begins behind a dictionary.
struct Inflater {
    state: DecompressorOxide,
    window: Vec<u8>,
    at: usize,
    begun: bool,
}

impl Inflater {
    fn new() -> Inflater {
        let mut window = dictionary();
        let at = window.len();
        window.resize(WINDOW, 0);
        Inflater { state: DecompressorOxide::new(), window, at, begun: false }
    }
    fn more(&mut self, block: &[u8]) -> Result<Vec<u8>, Malformed> {
        let mut input = block;
        if !self.begun {
            // Two bytes that say that it is zlib, four that name the dictionary if there is one.
            let [_, flags, ..] = *input else { return Err(Malformed) };
            let head = if flags & 0x20 != 0 { 6 } else { 2 };
            input = input.get(head..).ok_or(Malformed)?;
            self.begun = true;
        }
        let mut found = Vec::new();
        loop {
            let flags = inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
            let (status, read, written) = decompress(&mut self.state, input, &mut self.window, self.at, flags);
            found.extend_from_slice(self.window.get(self.at..self.at + written).ok_or(Malformed)?);
            self.at = (self.at + written) % WINDOW;
            input = input.get(read..).ok_or(Malformed)?;
            match status {
                _ if found.len() > LARGEST_HEADERS => return Err(Malformed),
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::NeedsMoreInput | TINFLStatus::Done => return Ok(found),
                _ => return Err(Malformed),
            }
        }
    }
}

/// Writes frames.
#[derive(Default)]
pub struct Writer {
    begun: bool,
}

impl Writer {
    /// A stream is taken: no headers are sent back.
    pub fn reply(&mut self, stream: u32) -> Vec<u8> {
        let mut body = stream.to_be_bytes().to_vec();
        if !self.begun {
            // zlib without a dictionary, in which nothing is compressed.
            body.extend_from_slice(&[0x78, 0x01]);
            self.begun = true;
        }
        // A stored block of four bytes: there are no headers. An empty one behind it is a flush: readers hand on what they
        // have then, and wait for the next frame.
        body.extend_from_slice(&[0, 4, 0, !4, 0xff, 0, 0, 0, 0]);
        body.extend_from_slice(&[0, 0, 0, 0xff, 0xff]);
        control(SYN_REPLY, &body)
    }
    pub fn data(&self, stream: u32, bytes: &[u8], last: bool) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes();
        let mut frame = stream.to_be_bytes().to_vec();
        frame.extend_from_slice(&[if last { FINAL } else { 0 }, length[1], length[2], length[3]]);
        frame.extend_from_slice(bytes);
        frame
    }
    pub fn ping(&self, id: u32) -> Vec<u8> {
        control(PING, &id.to_be_bytes())
    }
}

fn control(kind: u16, body: &[u8]) -> Vec<u8> {
    let (kind, length) = (kind.to_be_bytes(), u32::try_from(body.len()).unwrap_or(0).to_be_bytes());
    let mut frame = vec![0x80, 3, kind[0], kind[1], 0, length[1], length[2], length[3]];
    frame.extend_from_slice(body);
    frame
}

/// The text that SPDY/3 begins with: names that headers often have, each behind its length, and what they often say.
fn dictionary() -> Vec<u8> {
    const NAMES: &str = "options head post put delete trace accept accept-charset accept-encoding accept-language \
                         accept-ranges age allow authorization cache-control connection content-base content-encoding \
                         content-language content-length content-location content-md5 content-range content-type date etag \
                         expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since \
                         last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer \
                         retry-after server te trailer transfer-encoding upgrade user-agent vary via warning \
                         www-authenticate method get status 200+OK version HTTP/1.1 url public set-cookie keep-alive origin";
    const WORDS: &str = "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 \
                         Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 \
                         Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar \
                         Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, \
                         GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,\
                         text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";
    let mut text = Vec::new();
    for name in NAMES.split(' ') {
        let name = name.replace('+', " ");
        text.extend_from_slice(&u32::try_from(name.len()).unwrap_or(0).to_be_bytes());
        text.extend_from_slice(name.as_bytes());
    }
    text.extend_from_slice(WORDS.as_bytes());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_is_that_of_the_protocol() {
        let (mut a, mut b) = (1u32, 0u32);
        for byte in dictionary() {
            a = (a + u32::from(byte)) % 65_521;
            b = (b + a) % 65_521;
        }
        assert_eq!((dictionary().len(), format!("{:08x}", b << 16 | a)), (1_423, "e3c6a7c2".into()));
    }

    /// A stream that begins, its headers stored as they are.
    fn opened(stream: u32, begins: bool) -> Vec<u8> {
        let mut block = 1u32.to_be_bytes().to_vec();
        for text in ["Streamtype", "data"] {
            block.extend_from_slice(&u32::try_from(text.len()).expect("it is short").to_be_bytes());
            block.extend_from_slice(text.as_bytes());
        }
        let length = u16::try_from(block.len()).expect("it is short");
        let mut body = [stream.to_be_bytes().as_slice(), &[0; 6]].concat();
        body.extend_from_slice(if begins { &[0x78, 0x01] } else { &[] });
        body.push(0);
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(&(!length).to_le_bytes());
        body.extend_from_slice(&block);
        control(SYN_STREAM, &body)
    }

    #[test]
    fn frames_are_read_however_they_arrive() {
        let bytes = [
            opened(1, true),
            Writer::default().data(1, b"hello", true),
            opened(3, false),
            control(PING, &[0, 0, 0, 9]),
        ];
        let mut reader = Reader::new();
        let mut found = Vec::new();
        for byte in bytes.concat() {
            reader.feed(&[byte]);
            found.extend(reader.next().expect("it is SPDY"));
        }
        let headers = vec![("streamtype".to_owned(), "data".to_owned())];
        assert_eq!(
            found,
            [
                Frame::Open { stream: 1, headers: headers.clone() },
                Frame::Data { stream: 1, bytes: b"hello".to_vec(), last: true },
                Frame::Open { stream: 3, headers },
                Frame::Ping { id: 9 },
            ]
        );
        assert_eq!(Writer::default().reply(1).len(), HEAD + 4 + 2 + 9 + 5);
    }

    #[test]
    fn what_is_no_spdy_is_refused_and_never_more() {
        let whole = [opened(1, true), opened(3, false)].concat();
        for at in 0..whole.len() {
            for byte in [0, 0x7f, 0x80, 0xff] {
                let mut other = whole.clone();
                other[at] = byte;
                let mut reader = Reader::new();
                reader.feed(&other);
                while let Ok(Some(_)) = reader.next() {}
            }
        }
    }
}

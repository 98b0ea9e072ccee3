//! A fresh clone: whether every command works where none has been run before.
//!
//! The clone is a copy of the files that git has or would take, as they are now: uncommitted changes are in it, and
//! nothing that git ignores. It lies outside of the repository, so that no folder above it can lend a hand. Only the tools
//! of the user's cache are shared, and cargo's output is kept between runs in a folder of the clone's own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::shop::{self, Outcome, Shop, capture, lasted, say};
use crate::{dist, gates, page};

/// Cargo's output for the clone, inside that of the repository.
const TARGET: &str = "fresh";
/// How long `serve` may be silent on a machine that is busy with something else: one large crate.
const PATIENCE: Duration = Duration::from_secs(20 * 60);
/// The picture that is taken.
const PICTURE: &str = "first-visit-light";
/// What a clone does not have.
const LEFT_BEHIND: [&str; 6] =
    ["dist", "target", "web/editor/node_modules", "tests/e2e/node_modules", "tests/e2e/output", ".git"];

/// Makes a fresh clone, tries the commands in it, and leaves the page that it has built as this folder's own. Answers what
/// was found.
pub fn prove(shop: &Shop) -> Outcome<String> {
    let clone = Clone::make(shop)?;
    clone.lists_its_steps(shop)?;
    let (time, bytes) = clone.serves(shop)?;
    let picture = clone.takes_a_picture(shop)?;
    dist::take_over(shop, &clone.root, &clone.target)?;
    clone.cleans_up(shop)?;
    let files = clone.files;
    clone.remove()?;
    Ok(format!(
        "{files} files alone serve a page ({bytes} bytes after {}), build it and take a picture ({picture} bytes)",
        lasted(time)
    ))
}

struct Clone {
    root: PathBuf,
    target: PathBuf,
    files: usize,
}

impl Clone {
    fn make(shop: &Shop) -> Outcome<Self> {
        // The same place each time: build scripts note absolute paths, and would be run again.
        let name = format!("petri-fresh-{:016x}", page::fingerprint(shop.root.as_os_str().as_encoded_bytes()));
        let clone = Self { root: std::env::temp_dir().join(name), target: shop.target().join(TARGET), files: 0 };
        say(&format!("copying what a clone would have to {}", clone.root.display()), "");
        shop::remove_folder(&clone.root)?;
        let mut files = 0;
        for name in tracked(shop)? {
            let from = shop.path(&name);
            // Deleted, and not yet committed.
            if !from.is_file() {
                continue;
            }
            copy(&from, &clone.root.join(&name)).map_err(|error| format!("{name}: {error}"))?;
            files += 1;
        }
        if let Some(there) = LEFT_BEHIND.iter().find(|name| clone.root.join(name).exists()) {
            return Err(format!("git has {there}, which a clone must not bring"));
        }
        Ok(Self { files, ..clone })
    }

    fn remove(&self) -> Outcome {
        shop::remove_folder(&self.root)
    }

    /// `cargo xtask ...` in the clone.
    fn xtask(&self, shop: &Shop, words: &[&str]) -> Command {
        let mut command = shop.cargo(&["xtask"]);
        command.args(words).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        command
    }

    fn lists_its_steps(&self, shop: &Shop) -> Outcome {
        say("fresh clone: test --list", "20 seconds, 1 again");
        let listed = capture(&mut self.xtask(shop, &["test", "--list"]))?;
        if listed.lines().any(|line| line.starts_with("e2e ")) {
            return Ok(());
        }
        Err(format!("`cargo xtask test --list` in a fresh clone does not name its steps:\n{listed}"))
    }

    /// How long the first page took, and how large its WebAssembly is.
    fn serves(&self, shop: &Shop) -> Outcome<(Duration, usize)> {
        say("fresh clone: serve", "2 minutes, 15 seconds again");
        let start = Instant::now();
        let mut server = Server::start(self.xtask(shop, &["serve", "--port", "0"]))?;
        let index = server.page().map_err(|problem| {
            format!("`cargo xtask serve` does not work in a fresh clone: {problem}\n{}", server.told().trim_end())
        })?;
        let time = start.elapsed();
        let html = String::from_utf8_lossy(&index);
        let script = server.get(&attribute(&html, "content", "name=\"petri-app\"")?)?;
        if !script.windows(4).any(|part| part == b"wasm") {
            return Err("the script that the fresh clone serves loads no WebAssembly".to_owned());
        }
        for (name, mark) in [("rel=\"stylesheet\"", "href"), ("type=\"module\"", "src")] {
            server.get(&attribute(&html, mark, name)?)?;
        }
        let wasm = server.get(&attribute(&html, "data-wasm", "name=\"petri-app\"")?)?;
        if !wasm.starts_with(b"\0asm") {
            return Err("what the fresh clone serves as WebAssembly is none".to_owned());
        }
        Ok((time, wasm.len()))
    }

    /// Of a page that is not there yet, so that it is built first. Answers the picture's size.
    fn takes_a_picture(&self, shop: &Shop) -> Outcome<usize> {
        say("fresh clone: screenshots, for which the page is built", "5 minutes, 2 again");
        shop::run(self.xtask(shop, &["screenshots", PICTURE]).stdout(Stdio::from(std::io::stderr())))?;
        let picture = shop::read_bytes(&self.root.join(format!("tests/e2e/output/{PICTURE}.png")))?;
        let built = self.root.join("dist");
        gates::size(&built)?;
        if !built.join("licenses.txt").is_file() || !picture.starts_with(b"\x89PNG") {
            return Err("the fresh clone took its picture of an unfinished page".to_owned());
        }
        Ok(picture.len())
    }

    /// With cargo's output in its usual place, which is not there: the other one is kept for the next time.
    fn cleans_up(&self, shop: &Shop) -> Outcome {
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = shop.program(own, &["clean"]);
        command.current_dir(&self.root).env_remove("CARGO_TARGET_DIR");
        command.env("CARGO_MANIFEST_DIR", self.root.join("crates/xtask"));
        capture(&mut command)?;
        match ["dist", "target"].iter().find(|name| self.root.join(name).exists()) {
            None => Ok(()),
            Some(left) => Err(format!("`cargo xtask clean` leaves {left}/ behind")),
        }
    }
}

/// The names of the files that are in the repository or would be after `git add --all`.
fn tracked(shop: &Shop) -> Outcome<Vec<String>> {
    // A checkout that belongs to somebody else is only read here.
    let mut git = shop.program("git", &["-c", "safe.directory=*", "ls-files", "-z", "--deduplicate"]);
    git.args(["--cached", "--others", "--exclude-standard"]);
    let listed = capture(&mut git)?;
    Ok(listed.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// Copies a file with its time, by which cargo sees whether it has changed since the last clone.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::copy(from, to)?;
    let time = std::fs::metadata(from)?.modified()?;
    std::fs::File::options().write(true).open(to)?.set_modified(time)
}

/// `cargo xtask serve`, which becomes trunk in the end, and is ended when this is dropped.
struct Server {
    child: Child,
    lines: Receiver<String>,
    told: String,
    heard: Instant,
    address: Option<SocketAddr>,
}

impl Server {
    fn start(mut command: Command) -> Outcome<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("cargo could not be started: {error}"))?;
        let (send, lines) = channel();
        let pipes: [Option<Box<dyn Read + Send>>; 2] =
            [child.stdout.take().map(|pipe| Box::new(pipe) as _), child.stderr.take().map(|pipe| Box::new(pipe) as _)];
        for pipe in pipes.into_iter().flatten() {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                    eprintln!("    {line}");
                    if send.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(Self { child, lines, told: String::new(), heard: Instant::now(), address: None })
    }

    /// The page's index, as soon as it is served.
    fn page(&mut self) -> Outcome<Vec<u8>> {
        loop {
            self.listen();
            if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                // What it said last is still on its way.
                std::thread::sleep(Duration::from_millis(200));
                self.listen();
                return Err(format!("it ended ({status})"));
            }
            if let Ok(index) = self.get("./") {
                return Ok(index);
            }
            if self.heard.elapsed() > PATIENCE {
                return Err(format!("no page, and no word for {}", lasted(PATIENCE)));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn listen(&mut self) {
        for line in self.lines.try_iter() {
            self.heard = Instant::now();
            self.address = self.address.or_else(|| address_in(&line));
            self.told.push_str(&line);
            self.told.push('\n');
        }
    }

    fn told(&self) -> &str {
        &self.told
    }

    /// What is served under a relative address, if the answer is 200.
    fn get(&self, path: &str) -> Outcome<Vec<u8>> {
        let address = self.address.ok_or("it has not said its address")?;
        let path = path.trim_start_matches("./");
        let problem = |error: std::io::Error| format!("http://{address}/{path}: {error}");
        let mut stream = TcpStream::connect(address).map_err(problem)?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).map_err(problem)?;
        write!(stream, "GET /{path} HTTP/1.0\r\nHost: {address}\r\nAccept: text/html, */*\r\n\r\n").map_err(problem)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(problem)?;
        body(&answer).map(<[u8]>::to_vec).map_err(|status| format!("http://{address}/{path}: {status}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in "... http://127.0.0.1:8080/ ...".
fn address_in(line: &str) -> Option<SocketAddr> {
    let rest = &line[line.find("http://")? + "http://".len()..];
    rest[..rest.find('/')?].parse().ok()
}

/// The body of an answer with status 200; the status otherwise.
fn body(answer: &[u8]) -> Result<&[u8], String> {
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n").ok_or("no whole answer")?;
    let status = String::from_utf8_lossy(answer[..end].split(|byte| *byte == b'\r').next().unwrap_or_default());
    if status.split(' ').nth(1) == Some("200") { Ok(&answer[end + 4..]) } else { Err(status.into_owned()) }
}

/// The value of an attribute in the first tag that holds `mark`.
fn attribute(html: &str, name: &str, mark: &str) -> Outcome<String> {
    let missing = || format!("the page that is served has no {name} in a tag with {mark}");
    let tag = html.split('<').find(|tag| tag.contains(mark)).ok_or_else(missing)?;
    let start = tag.find(&format!("{name}=\"")).ok_or_else(missing)? + name.len() + 2;
    tag[start..].split('"').next().map(str::to_owned).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_of_200_has_a_body() {
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nx: y\r\n\r\npage"), Ok(&b"page"[..]));
        assert_eq!(body(b"HTTP/1.0 404 Not Found\r\n\r\n"), Err("HTTP/1.0 404 Not Found".to_owned()));
        assert!(body(b"HTTP/1.0 200 OK\r\n").is_err());
    }

    #[test]
    fn the_address_is_read_from_what_serve_says() {
        let line = "Petri will be at http://127.0.0.1:41234/ once it is built";
        assert_eq!(address_in(line), Some(SocketAddr::from(([127, 0, 0, 1], 41234))));
        assert_eq!(address_in("· building the page"), None);
    }

    #[test]
    fn attributes_are_found_in_the_tag_that_is_meant() {
        let html =
            "<meta name=\"a\" content=\"no\"><meta name=\"petri-app\" content=\"./x.js\" data-wasm=\"./x.wasm\">";
        assert_eq!(attribute(html, "data-wasm", "name=\"petri-app\""), Ok("./x.wasm".to_owned()));
        assert!(attribute(html, "src", "name=\"petri-app\"").is_err());
    }
}

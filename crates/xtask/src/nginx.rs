//! Debian's nginx: whether it serves the page as the README says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::checks::Report;
use crate::hosting::{KEPT, is_named_by_content, precompress};
use crate::shop::{self, Outcome, Shop};
use crate::{dist, gates, tools};

/// Serves a copy of the page by Debian's nginx with the configuration that the README has, and asks it for what matters.
pub fn step(shop: &Shop) -> Outcome<Report> {
    let dist = dist::ready(shop)?;
    let program = match tools::debian(&[("/usr/sbin/nginx", "nginx-light")]) {
        Ok(found) => found[0].to_string_lossy().into_owned(),
        Err(why) => return Ok(Report::skipped(why)),
    };
    let site = shop.target().join("hosting");
    shop::remove_folder(&site)?;
    shop::copy_folder(&dist, &site.join("www/petri"))?;
    let compressed = precompress(&site.join("www/petri"))?;
    let port =
        TcpListener::bind(("127.0.0.1", 0)).and_then(|free| free.local_addr()).map_err(|e| e.to_string())?.port();
    let recipe = recipe(&shop.read("README.md")?)?;
    shop::write(&site.join("nginx.conf"), configuration(&recipe, &site, port)?)?;
    let _server = Server::start(&program, &site, port)?;
    for name in gates::names(&dist)? {
        let answer = ask(port, &format!("/petri/{name}"), "gzip")?;
        judge(&name, &answer, &shop::read_bytes(&dist.join(&name))?)?;
    }
    Ok(Report::holds(format!("nginx serves all of dist/ as it should, {compressed} files of it compressed before")))
}

/// The configuration in the README.
fn recipe(readme: &str) -> Outcome<String> {
    let (_, rest) = readme.split_once("```nginx\n").ok_or("README.md holds no configuration for nginx")?;
    let (recipe, _) = rest.split_once("```").ok_or("the configuration in README.md has no end")?;
    Ok(recipe.lines().map(|line| line.trim_start_matches("    ").to_owned() + "\n").collect())
}

/// The same as the whole configuration of a server of one's own, for this folder and port.
fn configuration(recipe: &str, site: &Path, port: u16) -> Outcome<String> {
    let mut recipe = recipe.to_owned();
    for (from, to) in [
        ("listen 80;", format!("listen 127.0.0.1:{port};")),
        ("root /srv;", format!("root \"{}/www\";", site.display())),
    ] {
        if !recipe.contains(from) {
            return Err(format!("the configuration in README.md does not hold `{from}`"));
        }
        recipe = recipe.replace(from, &to);
    }
    let folder = site.display();
    Ok(format!(
        "daemon off; pid \"{folder}/pid\"; error_log \"{folder}/error.log\"; worker_processes 1;\nevents {{}}\nhttp {{\n\
         include /etc/nginx/mime.types; access_log off;\nclient_body_temp_path \"{folder}/body\"; proxy_temp_path \"{folder}/proxy\"; \
         fastcgi_temp_path \"{folder}/fastcgi\"; uwsgi_temp_path \"{folder}/uwsgi\"; scgi_temp_path \"{folder}/scgi\";\n{recipe}}}\n"
    ))
}

/// The server, as long as it lives.
struct Server(Child);

impl Server {
    fn start(program: &str, site: &Path, port: u16) -> Outcome<Self> {
        let mut command = Command::new(program);
        command.arg("-c").arg(site.join("nginx.conf")).arg("-p").arg(site).arg("-e").arg(site.join("error.log"));
        let mut server = Self(command.spawn().map_err(|error| format!("{program}: {error}"))?);
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.0.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() || begun.elapsed() > Duration::from_secs(20) {
                let why = shop::read(&site.join("error.log")).unwrap_or_default();
                return Err(format!("nginx does not listen: {}", why.trim()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its worker ends with it.
        let _ = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// An answer: its head in small letters, and its body as it came.
struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::trim)
    }
}

fn ask(port: u16, path: &str, encoding: &str) -> Outcome<Answer> {
    let failed = |error: std::io::Error| format!("{path}: {error}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(failed)?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(failed)?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: petri\r\nConnection: close\r\nAccept-Encoding: {encoding}\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(failed)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").ok_or(format!("{path}: no answer"))?;
    Ok(Answer { head: String::from_utf8_lossy(&answer[..end]).to_lowercase(), body: answer.split_off(end + 4) })
}

/// Whether a file came with all that it needs.
fn judge(name: &str, answer: &Answer, content: &[u8]) -> Outcome {
    let wrong = |what: &str| Err(format!("nginx, {name}: {what}\n{}", answer.head));
    if !answer.head.lines().next().is_some_and(|line| line.contains(" 200 ")) {
        return wrong("it is not served");
    }
    let cached = if is_named_by_content(name) { KEPT } else { "no-cache" };
    if answer.header("cache-control") != Some(cached) {
        return wrong(&format!("it should be kept like this: {cached}"));
    }
    if answer.header("access-control-allow-origin") != Some("*") {
        return wrong("frames in a sandbox cannot fetch it");
    }
    let types: &[(&str, &str)] = &[
        (".wasm", "application/wasm"),
        (".js", "javascript"),
        (".html", "text/html"),
        (".css", "text/css"),
        (".svg", "image/svg"),
    ];
    let wanted = types.iter().find(|(ending, _)| name.ends_with(ending));
    if let Some((_, part)) = wanted
        && !answer.header("content-type").is_some_and(|sent| sent.contains(part))
    {
        return wrong(&format!("its type is not {part}"));
    }
    match answer.header("content-encoding") {
        Some("gzip") if answer.body.len() < content.len() => Ok(()),
        None if answer.body == content && !name.ends_with(".wasm") => Ok(()),
        None if name.ends_with(".wasm") => wrong("it is not compressed"),
        _ => wrong("it is not what the file holds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_the_configuration_that_is_tried() {
        let recipe = recipe(include_str!("../../../README.md")).expect("it is there");
        let whole = configuration(&recipe, Path::new("/srv/site"), 8123).expect("it can be tried");
        assert!(whole.contains("root \"/srv/site/www\";") && whole.contains("listen 127.0.0.1:8123;"), "{whole}");
    }

    #[test]
    fn an_answer_that_lacks_something_is_refused() {
        let answer = |head: &str, body: &[u8]| Answer { head: format!("http/1.1 200 ok\n{head}"), body: body.to_vec() };
        let good = "cache-control: no-cache\naccess-control-allow-origin: *\ncontent-type: application/javascript\n";
        assert_eq!(judge("embed.js", &answer(good, b"1"), b"1"), Ok(()));
        assert!(judge("embed.js", &answer(good, b"2"), b"1").is_err());
        for lacks in
            ["cache-control: no-cache\n", "access-control-allow-origin: *\n", "content-type: application/javascript\n"]
        {
            assert!(judge("embed.js", &answer(&good.replace(lacks, ""), b"1"), b"1").is_err(), "{lacks}");
        }
        assert!(
            judge("second-0123456789abcdef.wasm", &answer(&good.replace("javascript", "wasm"), b"1"), b"1").is_err()
        );
    }
}

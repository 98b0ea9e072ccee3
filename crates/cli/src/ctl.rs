//! `petri ctl`: what a cluster of `petri serve-api` does beside its API.

use petri_objects::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "petri ctl [--server URL] VERB ...
  run 60s                  let time pass
  until CLAIM              let time pass until it is so: petri ctl until pod/web-0 Ready
  now                      the moment, and the fingerprint of the world
  guarantees               how the guarantees stand
  why OBJECT               why an object is as it is
  recording [--link]       the run so far, for `petri open` and for the page
  forget, disconnect       make older versions too old to go on from; end all watches
  LINE                     any other line of the console: petri ctl cut node-2

  The server is that of --server, of PETRI_SERVER, or of the file that KUBECONFIG names.
";

pub fn run(words: &[String]) -> ExitCode {
    let (server, words) = match words {
        [flag, url, rest @ ..] if flag == "--server" => (Some(url.clone()), rest),
        [flag, rest @ ..] if flag.starts_with("--server=") => {
            (flag.split_once('=').map(|(_, url)| url.to_owned()), rest)
        }
        _ => (None, words),
    };
    if words.is_empty() || matches!(words[0].as_str(), "--help" | "-h" | "help") {
        print!("{HELP}");
        return if words.is_empty() { ExitCode::from(2) } else { ExitCode::SUCCESS };
    }
    match server.map_or_else(known_server, Ok).and_then(|server| say(&server, words)) {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// The server that the surroundings name.
fn known_server() -> Result<String, String> {
    if let Ok(server) = std::env::var("PETRI_SERVER") {
        return Ok(server);
    }
    let none = "no server is named: --server http://127.0.0.1:8001, PETRI_SERVER, or KUBECONFIG";
    let file = std::env::var("KUBECONFIG").map_err(|_| none)?;
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let server = text.lines().find_map(|line| line.trim().strip_prefix("server: "));
    server.map(|server| server.trim().to_owned()).ok_or_else(|| format!("{file} names no server"))
}

fn say(server: &str, words: &[String]) -> Result<i64, String> {
    let rest = words[1..].join(" ");
    let json = |key: &'static str, text: &str| Value::nested(&[key], Value::from(text)).to_json();
    let (method, path, body) = match words[0].as_str() {
        "now" => ("GET", "/petri", String::new()),
        "run" if words.len() == 2 => ("POST", "/petri/run", json("for", &rest)),
        "until" => ("POST", "/petri/until", json("claim", &rest)),
        "why" => ("POST", "/petri/command", json("line", &format!("why {rest}"))),
        "guarantees" => ("POST", "/petri/command", json("line", "guarantees")),
        "recording" if rest == "--link" => ("GET", "/petri/recording?form=link", String::new()),
        "recording" => ("GET", "/petri/recording?form=json", String::new()),
        "forget" => ("POST", "/petri/forget", String::new()),
        "disconnect" => ("POST", "/petri/disconnect", String::new()),
        _ => ("POST", "/petri/command", json("line", &line(words))),
    };
    let (code, text) = request(server, method, path, &body)?;
    let value = Value::from_json(&text).unwrap_or_default();
    let said = |key: &str| value.at(&[key]).and_then(Value::as_str).unwrap_or_default().to_owned();
    if code != 200 {
        return Err(if said("message").is_empty() { format!("{path} answered {code}") } else { said("message") });
    }
    if path.starts_with("/petri/recording") {
        println!("{}", text.trim_end());
        return Ok(0);
    }
    if value.at(&["code"]).is_some() {
        eprint!("{}{}", said("notes"), said("stderr"));
        print!("{}", said("stdout"));
        return Ok(value.at(&["code"]).and_then(Value::as_int).unwrap_or(1));
    }
    match words[0].as_str() {
        "now" => println!("{}", value.to_json_pretty()),
        _ => println!("{} ({})", said("elapsed"), said("now")),
    }
    Ok(0)
}

/// Words as one would type them.
fn line(words: &[String]) -> String {
    let plain =
        |word: &String| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=,:@%+".contains(c));
    let typed = |word: &String| if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', "'\\''")) };
    words.iter().map(typed).collect::<Vec<_>>().join(" ")
}

/// One request over plain HTTP. Answers the status and the body.
fn request(server: &str, method: &str, path: &str, body: &str) -> Result<(u32, String), String> {
    let address = server
        .trim_end_matches('/')
        .strip_prefix("http://")
        .ok_or_else(|| format!("{server} is no http:// address"))?;
    let told = |error: std::io::Error| format!("{server} does not answer: {error}");
    let mut stream = TcpStream::connect(address).map_err(told)?;
    stream.set_read_timeout(Some(Duration::from_secs(600))).map_err(told)?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: petri-ctl\r\nContent-Type: application/json\r\nContent-Length: \
         {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).map_err(told)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(told)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, text) =
        answer.split_once("\r\n\r\n").ok_or_else(|| format!("{server} is no Petri: it speaks no HTTP"))?;
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Ok((code, text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_put_together_as_they_were_typed() {
        let words: Vec<String> = ["kubectl", "patch", "-p", r#"{"a":"it's"}"#].map(String::from).into();
        assert_eq!(line(&words), r#"kubectl patch -p '{"a":"it'\''s"}'"#);
    }
}

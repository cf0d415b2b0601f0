//! One request to a server of this machine: HTTP/1.1 by hand, since a GET whose answer has a length is all that is needed.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use serde_json::Value;

/// How long a server may take to be reached, and to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer, bytes: a hundred thousand hops whose data is small.
const MOST_BYTES: u64 = 512 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody answers, or not in HTTP.
    Unreachable(String),
    /// The server says what is wrong.
    Answer(String),
}

/// Asks for JSON.
pub(super) fn get(endpoint: &str, path: &str) -> Result<Value, Failure> {
    let unreachable = |why: &dyn std::fmt::Display| Failure::Unreachable(why.to_string());
    let host = endpoint
        .strip_prefix("http://")
        .ok_or_else(|| Failure::Unreachable("the address begins with http://".to_owned()))?
        .trim_end_matches('/');
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
    let mut addresses = address.to_socket_addrs().map_err(|error| unreachable(&error))?;
    let address = addresses.next().ok_or_else(|| Failure::Unreachable("its name is unknown".to_owned()))?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(|error| unreachable(&error))?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|error| unreachable(&error))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(|error| unreachable(&error))?;
    let mut answer = Vec::new();
    stream.take(MOST_BYTES).read_to_end(&mut answer).map_err(|error| unreachable(&error))?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) =
        answer.split_once("\r\n\r\n").ok_or_else(|| Failure::Unreachable("that is no HTTP".to_owned()))?;
    let json: Value = serde_json::from_str(body)
        .map_err(|_| Failure::Unreachable("what answers there is no `evc dev`".to_owned()))?;
    if head.split(' ').nth(1) == Some("200") {
        return Ok(json);
    }
    let why = json.get("message").and_then(Value::as_str).unwrap_or("the request was refused");
    Err(Failure::Answer(why.to_owned()))
}

/// A text as a query has it.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// What a server that says this makes of a request.
    fn answered(said: &'static str) -> Result<Value, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}/", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 512];
            let read = stream.read(&mut head).unwrap();
            stream.write_all(said.as_bytes()).unwrap();
            String::from_utf8_lossy(&head[..read]).into_owned()
        });
        let answer = get(&endpoint, "/_evc/causes?most=1");
        assert!(server.join().unwrap().starts_with("GET /_evc/causes?most=1 HTTP/1.1\r\n"));
        answer
    }

    #[test]
    fn answers_are_told_apart() {
        let good = answered("HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"causes\":[]}");
        assert_eq!(good.unwrap(), serde_json::json!({ "causes": [] }));
        let gone = answered("HTTP/1.1 404 Not Found\r\n\r\n{\"message\":\"there is no such hop\"}");
        assert!(matches!(gone, Err(Failure::Answer(why)) if why == "there is no such hop"));
        for other in ["HTTP/1.1 200 OK\r\n\r\n<html>", "SSH-2.0", ""] {
            assert!(matches!(answered(other), Err(Failure::Unreachable(_))), "{other}");
        }
        assert!(matches!(get("https://127.0.0.1:1", "/"), Err(Failure::Unreachable(_))));
        assert!(matches!(get("http://127.0.0.1:1", "/"), Err(Failure::Unreachable(_))));
    }

    #[test]
    fn texts_are_encoded_for_queries() {
        assert_eq!(encoded("a-1 &é%"), "a-1%20%26%C3%A9%25");
    }
}

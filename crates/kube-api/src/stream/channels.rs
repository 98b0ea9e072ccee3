//! Channels over one WebSocket: each message begins with the number of its channel.
//!
//! Upstream: `apimachinery/pkg/util/remotecommand`.

use super::door::Socket;
use crate::status::Failure;
use crate::store::map;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use petri_objects::Value;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

pub const STDIN: u8 = 0;
pub const STDOUT: u8 = 1;
pub const STDERR: u8 = 2;
const ERROR: u8 = 3;
const CLOSE: u8 = 255;

/// How long a client may take to say good-bye.
const FAREWELL: Duration = Duration::from_secs(1);
/// What is sent in one message at most.
const LARGEST: usize = 32 << 10;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Data(u8, Bytes),
    /// There comes no more on this channel.
    Closed(u8),
    /// The client has gone.
    Gone,
}

pub struct Channels {
    socket: Socket,
    /// Whether a client can say that a channel has ended.
    pub closable: bool,
}

impl Channels {
    pub fn new(socket: Socket, closable: bool) -> Channels {
        Channels { socket, closable }
    }

    pub async fn hear(&mut self) -> Heard {
        loop {
            match self.socket.next().await {
                None | Some(Err(_) | Ok(Message::Close(_))) => return Heard::Gone,
                Some(Ok(Message::Binary(message))) => match (message.first(), message.get(1)) {
                    (Some(&CLOSE), Some(channel)) if self.closable => return Heard::Closed(*channel),
                    (Some(channel), _) => return Heard::Data(*channel, message.slice(1..)),
                    (None, _) => {}
                },
                // Pings are answered by whoever reads.
                Some(Ok(_)) => {}
            }
        }
    }

    /// `false` if nobody hears it any more.
    pub async fn say(&mut self, channel: u8, bytes: &[u8]) -> bool {
        for part in bytes.chunks(LARGEST) {
            let message = [&[channel], part].concat();
            if self.socket.send(Message::Binary(message.into())).await.is_err() {
                return false;
            }
        }
        true
    }

    /// It ends with what a program's code says.
    pub async fn exited(self, code: i32) {
        let status = match code {
            0 => map([("metadata", map([])), ("status", "Success".into())]),
            code => {
                let cause = map([("reason", "ExitCode".into()), ("message", Value::from(code.to_string().as_str()))]);
                let words =
                    format!("command terminated with non-zero exit code: command terminated with exit code {code}");
                map([
                    ("metadata", map([])),
                    ("status", "Failure".into()),
                    ("message", Value::from(words.as_str())),
                    ("reason", "NonZeroExitCode".into()),
                    ("details", map([("causes", Value::List(vec![cause]))])),
                ])
            }
        };
        self.end(&status).await;
    }

    pub async fn failed(self, failure: &Failure) {
        self.end(&failure.status()).await;
    }

    async fn end(mut self, status: &Value) {
        self.say(ERROR, status.to_json().as_bytes()).await;
        let _ = self.socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).await;
        let farewell = async { while self.hear().await != Heard::Gone {} };
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
    }
}

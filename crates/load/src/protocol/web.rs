//! Clients as the page is one: Switchboard's `switchboard.v1` over a WebSocket.

use super::websocket::WebSocketClient;
use super::{Client, Protocol, Role, Step};
use crate::Ear;

/// JSON over a WebSocket, as `docs/web-protocol.md` describes it.
#[derive(Clone, Debug)]
pub struct Web {
    /// What the Host field says: a name or address, and the port.
    pub host: String,
    /// The room.
    pub room: String,
}

impl Protocol for Web {
    fn name(&self) -> String {
        "web".into()
    }

    fn most_text_bytes(&self) -> usize {
        4096
    }

    fn client(&self, number: usize, _role: Role) -> Box<dyn Client> {
        let room = json(&self.room);
        let hello = format!(r#"{{"type":"hello","rooms":[{{"room":{room}}}]}}"#);
        let url = format!("ws://{}/ws", self.host);
        Box::new(WebClient {
            socket: WebSocketClient::new(url, Some("switchboard.v1"), Some(hello), number),
            lead: format!(r#"{{"type":"say","room":{room},"text":""#).into_bytes(),
            message: Vec::new(),
            stage: Stage::Shaking,
        })
    }
}

struct WebClient {
    socket: WebSocketClient,
    /// What stands before a text.
    lead: Vec<u8>,
    message: Vec<u8>,
    stage: Stage,
}

/// What is waited for.
enum Stage {
    /// The answer to the handshake.
    Shaking,
    /// The room.
    Joining,
}

impl Client for WebClient {
    fn greet(&mut self, out: &mut Vec<u8>) -> Step {
        self.socket.greet(out)
    }

    fn join(&mut self, out: &mut Vec<u8>) -> Step {
        self.socket.join(out);
        self.stage = Stage::Joining;
        Step::Waiting
    }

    fn enter(&mut self, received: &[u8], out: &mut Vec<u8>) -> Result<(usize, Step), String> {
        if let Stage::Shaking = self.stage {
            return self.socket.enter(received, out);
        }
        let (mut step, mut refused) = (Step::Waiting, None);
        let taken = self.socket.each_message(received, out, |message| {
            if message.starts_with(br#"{"type":"room","#) {
                step = Step::Done;
            } else if message.starts_with(br#"{"type":"error","#) {
                refused = Some(String::from_utf8_lossy(message).into_owned());
            }
        })?;
        match refused {
            Some(error) => Err(format!("the server said {error}")),
            None => Ok((taken, step)),
        }
    }

    /// A text that is measured has no sign in it that JSON would escape.
    fn say(&mut self, text: &[u8], out: &mut Vec<u8>) {
        self.message.clear();
        self.message.extend_from_slice(&self.lead);
        self.message.extend_from_slice(text);
        self.message.extend_from_slice(br#""}"#);
        self.socket.say(&self.message, out);
    }

    fn hear(
        &mut self,
        received: &[u8],
        ear: &mut Ear<'_>,
        out: &mut Vec<u8>,
    ) -> Result<usize, String> {
        self.socket.hear(received, ear, out)
    }
}

/// `text` as a string of JSON.
fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use tungstenite::protocol::frame::coding::{Data, OpCode};
    use tungstenite::protocol::frame::{Frame, FrameHeader};

    use super::*;

    fn frame(payload: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
        let frame = Frame::from_payload(header, payload.as_bytes().to_vec().into());
        frame.format(&mut bytes).expect("it fits");
        bytes
    }

    #[test]
    fn a_client_is_in_when_it_has_been_told_of_the_room() {
        let web = Web { host: "127.0.0.1:1".into(), room: "#bench".into() };
        let (mut client, mut out) = (web.client(0, Role::Receiver), Vec::new());
        assert_eq!(client.greet(&mut out), Step::Waiting);
        let request = String::from_utf8(std::mem::take(&mut out)).expect("text");
        let request = request.to_ascii_lowercase();
        assert!(request.starts_with("get /ws http/1.1\r\n"), "{request}");
        assert!(request.contains("sec-websocket-protocol: switchboard.v1\r\n"), "{request}");
        assert_eq!(client.join(&mut out), Step::Waiting);
        assert!(!out.is_empty());
        let welcome = frame(r#"{"type":"welcome","name":"guest-1"}"#);
        let entered = client.enter(&welcome, &mut out);
        assert_eq!(entered, Ok((welcome.len(), Step::Waiting)));
        let room = frame(r##"{"type":"room","room":"#bench"}"##);
        assert_eq!(client.enter(&room, &mut out), Ok((room.len(), Step::Done)));
        let error = frame(r#"{"type":"error","code":"closed","text":"full"}"#);
        assert!(client.enter(&error, &mut out).is_err_and(|why| why.contains("full")));
    }
}

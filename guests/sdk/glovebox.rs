//! What a module may ask its host for: `#[path = "../sdk/glovebox.rs"] mod glovebox;`. docs/handlers.md describes it. No crate is needed.
#![allow(dead_code)]

extern crate alloc;

use alloc::{format, string::String, vec::Vec};

mod host {
    #[link(wasm_import_module = "glovebox")]
    extern "C" {
        pub fn log(level: i32, text: *const u8, length: usize);
        pub fn read_input() -> i32;
        pub fn write_output(json: *const u8, length: usize) -> i32;
        pub fn read_secret(name: *const u8, length: usize) -> i32;
        pub fn get_time() -> i64;
        pub fn http_request(head: *const u8, head_length: usize, body: *const u8, body_length: usize) -> i32;
        pub fn http_read() -> i32;
        pub fn open_file(name: *const u8, length: usize) -> i32;
        pub fn take_answer(into: *mut u8, length: usize) -> i32;
    }
}

#[derive(Debug)]
pub enum HostError {
    /// It is not granted. Why is not told.
    Refused,
    /// It is granted and came to nothing: why.
    Failed(String),
    Invalid,
}

impl HostError {
    /// What `handle` returns that did not handle it.
    pub fn status(&self) -> i32 {
        match self {
            HostError::Refused => -1,
            HostError::Failed(_) => -2,
            HostError::Invalid => -3,
        }
    }
}

pub enum Level {
    Debug,
    Info,
    Warning,
    Error,
}

pub struct Response {
    /// `{"status": 200, "headers": [["name", "value"]]}`
    pub head: String,
    pub body: Vec<u8>,
}

pub fn log(level: Level, text: &str) {
    unsafe { host::log(level as i32, text.as_ptr(), text.len()) }
}

pub fn read_input() -> Result<Vec<u8>, HostError> {
    answer(unsafe { host::read_input() })
}

/// Writes the output, JSON, once.
pub fn write_output(json: &str) -> Result<(), HostError> {
    answer(unsafe { host::write_output(json.as_ptr(), json.len()) }).map(|_| ())
}

pub fn read_secret(name: &str) -> Result<String, HostError> {
    answer(unsafe { host::read_secret(name.as_ptr(), name.len()) }).map(text)
}

/// Milliseconds since the Unix epoch.
pub fn now() -> i64 {
    unsafe { host::get_time() }
}

pub fn open_file(name: &str) -> Result<Vec<u8>, HostError> {
    answer(unsafe { host::open_file(name.as_ptr(), name.len()) })
}

/// `headers` is JSON: `[["name", "value"]]`. The URL is put into JSON as it is: it has no quotes and no backslashes.
pub fn http_request(method: &str, url: &str, headers: &str, body: &[u8]) -> Result<Response, HostError> {
    if url.contains(['"', '\\']) {
        return Err(HostError::Invalid);
    }
    let head = format!(r#"{{"url":"{url}","method":"{method}","headers":{headers},"stream":false}}"#);
    let whole = answer(unsafe { host::http_request(head.as_ptr(), head.len(), body.as_ptr(), body.len()) })?;
    let size = u32::from_le_bytes([whole[0], whole[1], whole[2], whole[3]]) as usize;
    Ok(Response { head: text(whole[4..4 + size].to_vec()), body: whole[4 + size..].to_vec() })
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn answer(size: i32) -> Result<Vec<u8>, HostError> {
    match size {
        -1 => Err(HostError::Refused),
        -2 => Err(HostError::Failed(text(taken(1024)))),
        size if size < 0 => Err(HostError::Invalid),
        size => Ok(taken(size as usize)),
    }
}

fn taken(size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size);
    unsafe {
        let length = host::take_answer(bytes.as_mut_ptr(), size);
        bytes.set_len(length.max(0) as usize);
    }
    bytes
}

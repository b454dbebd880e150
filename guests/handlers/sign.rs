// Writes a check sum of its input that depends on the secret "SIGNING_KEY" (an example, not a signature).
#[path = "../sdk/glovebox.rs"]
mod glovebox;

fn sign() -> Result<(), glovebox::HostError> {
    let key = glovebox::read_secret("SIGNING_KEY")?;
    let input = glovebox::read_input()?;
    let mut sum: u64 = 0xcbf29ce484222325;
    for byte in key.bytes().chain(input) {
        sum = (sum ^ byte as u64).wrapping_mul(0x100000001b3);
    }
    glovebox::log(glovebox::Level::Info, &format!("signed with {key}"));
    glovebox::write_output(&format!(r#"{{"sum":"{sum:016x}","at":{}}}"#, glovebox::now()))
}

#[no_mangle]
pub extern "C" fn handle() -> i32 {
    sign().map_or_else(|error| error.status(), |_| 0)
}

//! Base64 as .NET reads and writes it.

use base64::alphabet::STANDARD;
use base64::engine::general_purpose::PAD;
use base64::engine::{Engine, GeneralPurpose};

/// Ignores bits that are left over at the end.
const DOTNET: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, PAD.with_decode_allow_trailing_bits(true));

/// `Convert.ToBase64String`.
pub fn to_base64(bytes: &[u8]) -> String {
    DOTNET.encode(bytes)
}

/// `Convert.FromBase64String`, which ignores white space.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let space = [' ', '\t', '\r', '\n'];
    DOTNET.decode(text.replace(space, "")).ok()
}

use stand_in::commands::zip::{Zip, crc32};

#[test]
fn a_zip_is_written_as_the_format_has_it() {
    // The check value of CRC-32/ISO-HDLC, and that of no bytes.
    assert_eq!((crc32(b"123456789"), crc32(b"")), (0xCBF4_3926, 0));
    let mut zip = Zip::default();
    zip.add("handler", 0o755, b"123456789").unwrap();
    zip.add("ä/b.json", 0o644, b"").unwrap();
    // Version, UTF-8, stored, 1980-01-01; checksum, twice the size, the length of the name.
    let one =
        b"\x14\0\0\x08\0\0\0\0\x21\0\x26\x39\xf4\xcb\x09\0\0\0\x09\0\0\0\x07\0\0\0".as_slice();
    let two = b"\x14\0\0\x08\0\0\0\0\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\x09\0\0\0".as_slice();
    let (handler, other) = (b"handler".as_slice(), "ä/b.json".as_bytes());
    let (file, entry) = (b"PK\x03\x04".as_slice(), b"PK\x01\x02\x14\x03".as_slice());
    let files = [file, one, handler, b"123456789", file, two, other].concat();
    // The mode of a regular file in the upper half of the attributes, then the offset.
    let modes = [
        b"\0\0\xed\x81\0\0\0\0".as_slice(),
        b"\0\0\xa4\x81\x2e\0\0\0",
    ];
    let first = [entry, one, &[0; 6], modes[0], handler].concat();
    let directory = [&first, entry, two, &[0; 6], modes[1], other].concat();
    let mut end = b"PK\x05\x06\0\0\0\0\x02\0\x02\0".to_vec();
    end.extend([directory.len() as u8, 0, 0, 0]);
    end.extend([files.len() as u8, 0, 0, 0, 0, 0]);
    assert_eq!(zip.finish().unwrap(), [files, directory, end].concat());
}

#[test]
fn what_no_zip_holds_is_an_error() {
    let mut zip = Zip::default();
    let error = zip.add(&"x".repeat(65_536), 0o644, b"").unwrap_err();
    assert!(error.contains("65,535 bytes"), "{error}");
    for _ in 0..65_536 {
        zip.add("x", 0o644, b"").unwrap();
    }
    let error = zip.finish().unwrap_err();
    assert!(error.contains("65,535 files"), "{error}");
}

use stand_in::commands::zip::{Zip, crc32};

#[test]
fn the_checksum_is_that_of_zips() {
    // The check value of CRC-32/ISO-HDLC, and the sum of nothing.
    assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    assert_eq!(crc32(b""), 0);
}

#[test]
fn a_zip_is_written_as_the_format_has_it() {
    let mut bytes = Vec::new();
    let mut zip = Zip::new(&mut bytes);
    zip.add("handler", 0o755, b"123456789").unwrap();
    zip.add("ä/b.json", 0o644, b"").unwrap();
    let size_of_zip = zip.finish().unwrap();
    // Version, UTF-8, stored, 1980-01-01; checksum, twice the size, the length of the name.
    let one = b"\x14\0\0\x08\0\0\0\0\x21\0\x26\x39\xf4\xcb\x09\0\0\0\x09\0\0\0\x07\0\0\0";
    let two = b"\x14\0\0\x08\0\0\0\0\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\x09\0\0\0";
    let (other, entry) = ("ä/b.json".as_bytes(), b"PK\x01\x02\x14\x03");
    let files = [
        b"PK\x03\x04",
        &one[..],
        b"handler123456789",
        b"PK\x03\x04",
        two,
        other,
    ];
    let files = files.concat();
    // The mode of a regular file in the upper half of the attributes, then the place.
    let directory = [
        &entry[..],
        one,
        &[0; 6],
        b"\0\0\xed\x81\0\0\0\0",
        b"handler",
        entry,
        two,
        &[0; 6],
        b"\0\0\xa4\x81\x2e\0\0\0",
        other,
    ];
    let directory = directory.concat();
    let mut end = b"PK\x05\x06\0\0\0\0\x02\0\x02\0".to_vec();
    end.extend([
        directory.len() as u8,
        0,
        0,
        0,
        files.len() as u8,
        0,
        0,
        0,
        0,
        0,
    ]);
    let expected = [files, directory, end].concat();
    assert_eq!(bytes, expected);
    assert_eq!(size_of_zip as usize, expected.len());
}

#[test]
fn what_no_zip_holds_is_an_error() {
    let mut zip = Zip::new(std::io::sink());
    let error = zip.add(&"x".repeat(65_536), 0o644, b"").unwrap_err();
    assert!(error.to_string().contains("65,535 bytes"), "{error}");
    for _ in 0..65_535 {
        zip.add("x", 0o644, b"").unwrap();
    }
    let error = zip.add("x", 0o644, b"").unwrap_err();
    assert!(error.to_string().contains("65,535 files"), "{error}");
}

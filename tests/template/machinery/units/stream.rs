//! `src/host/stream.rs`

use app::host::stream::Stream;

#[test]
fn a_stream_that_goes_on_beyond_its_limit_fails() {
    let body = vec![0; 16 << 20];
    let stream = Stream(Box::new(move |out| {
        out.write_all(&body)?;
        let _ = out.write_all(b"x");
        Ok(())
    }));
    let error = stream.collect().unwrap_err();
    assert!(format!("{error:?}").contains("longer than 16 MiB"));
}

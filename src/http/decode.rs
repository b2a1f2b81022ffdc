//! Compressed response bodies, made readable, with a limit so that a small body cannot fill the memory.

use std::io::Read;

use bytes::Bytes;

use super::HttpError;

/// Undoes the codings named by a Content-Encoding header, the last one first. Unknown codings leave the
/// body as it is: a script may know what to do with it.
///
/// # Errors
/// [`HttpError::DECOMPRESSION`] for corrupt data, [`HttpError::BODY_TOO_LARGE`] past `limit` bytes.
// The decoders lie on the stack, some 36 KiB. Inlined into their caller, they would be part of every request's frame, and
// each virtual user's stack would keep that much memory for ever.
#[inline(never)]
pub fn decode(encoding: &str, body: Bytes, limit: u64) -> Result<Bytes, HttpError> {
    let mut body = body;
    for coding in encoding.rsplit(',').map(str::trim) {
        if body.is_empty() {
            return Ok(body);
        }
        let decoded = match coding.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => {
                read_all(flate2::read::MultiGzDecoder::new(&body[..]), coding, limit)?
            }
            // "deflate" means zlib, but some servers send the bare stream: the first byte tells.
            "deflate" if body[0] & 0x0f == 8 => {
                read_all(flate2::read::ZlibDecoder::new(&body[..]), coding, limit)?
            }
            "deflate" => read_all(flate2::read::DeflateDecoder::new(&body[..]), coding, limit)?,
            "br" => read_all(
                brotli_decompressor::Decompressor::new(&body[..], 4096),
                coding,
                limit,
            )?,
            "zstd" => {
                let decoder = ruzstd::decoding::StreamingDecoder::new(&body[..])
                    .map_err(|e| corrupt(coding, &e))?;
                read_all(decoder, coding, limit)?
            }
            _ => return Ok(body),
        };
        body = decoded.into();
    }
    Ok(body)
}

fn corrupt(coding: &str, error: &dyn std::fmt::Display) -> HttpError {
    HttpError::new(
        HttpError::DECOMPRESSION,
        format!("the response body is not valid {coding}: {error}"),
    )
}

fn read_all(decoder: impl Read, coding: &str, limit: u64) -> Result<Vec<u8>, HttpError> {
    let mut out = Vec::new();
    decoder
        .take(limit.saturating_add(1))
        .read_to_end(&mut out)
        .map_err(|error| corrupt(coding, &error))?;
    if out.len() as u64 > limit {
        return Err(HttpError::new(
            HttpError::BODY_TOO_LARGE,
            format!(
                "the decompressed response body is larger than {limit} bytes; raise `max_response_size`"
            ),
        ));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn codings_are_undone_in_reverse_order() {
        let twice = gzip(&gzip(b"hello"));
        assert_eq!(&decode("gzip, gzip", twice, 100).unwrap()[..], b"hello");
    }

    #[test]
    fn both_meanings_of_deflate_are_read() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(b"hello").unwrap();
        assert_eq!(
            &decode("deflate", zlib.finish().unwrap().into(), 100).unwrap()[..],
            b"hello"
        );
        let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        bare.write_all(b"hello").unwrap();
        assert_eq!(
            &decode("deflate", bare.finish().unwrap().into(), 100).unwrap()[..],
            b"hello"
        );
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 10 << 20]);
        assert_eq!(
            decode("gzip", bomb, 1 << 20).unwrap_err().code(),
            HttpError::BODY_TOO_LARGE
        );
    }

    #[test]
    fn corrupt_data_is_an_error_and_unknown_codings_are_left_alone() {
        assert_eq!(
            decode("gzip", Bytes::from_static(b"nope"), 99)
                .unwrap_err()
                .code(),
            HttpError::DECOMPRESSION
        );
        assert_eq!(
            decode("zstd", Bytes::from_static(b"nope"), 99)
                .unwrap_err()
                .code(),
            HttpError::DECOMPRESSION
        );
        assert_eq!(
            &decode("rot13", Bytes::from_static(b"uryyb"), 99).unwrap()[..],
            b"uryyb"
        );
    }
}

//! One known text in every content coding, a corrupt body and a decompression bomb.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use flate2::{Compress, Compression, Crc, FlushCompress};

/// `text()` by `node -e 'zlib.brotliCompressSync(…)'`: the crates decode brotli, none here encodes it.
const BROTLI: &str = "G8UHCI3UXvVC0ex0bBgrexxjM0EU3IgmB2CHITwk0jzRgHLKzSMoTVrg3R6zVU+JIb1RnWP0vJ+afyIFJRU1DW06dOk9I/EvYGllbWPbjl16tSwLSytrG9t27NKrVVlYWlnb2LZjVx0=";
/// `text()` by `zstd -19`.
const ZSTD: &str = "KLUv/WTGBvUDAFLGExGQfVB9OrTQ3SHoBrEfY4uYAUsldEwhQ5RfKqFjChmC/FIJHVPIGL9efXr0582XJz9Alf/gdO1+bvy1fAw31C3yD7pD/ZC2/DDqZ+KptTgoqBHgvvb/DeA1qwERNAT//+/wA0gpRWCsZU0wlrUF1s3uIQQICYJ3OCggq2GTYm8=";

const MIB: usize = 1 << 20;

/// The text that every compressed route carries: 40 lines, 1,990 bytes.
pub fn text() -> String {
    (0..40)
        .map(|room| format!("room {room}: the same text, whatever it was packed in\n"))
        .collect()
}

pub fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// `deflate` as RFC 9110 defines it: with the zlib wrapper.
pub fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// `deflate` as some servers send it: without the zlib wrapper.
pub fn deflate_raw(plain: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// `text()` in brotli.
pub fn brotli() -> Vec<u8> {
    STANDARD.decode(BROTLI).unwrap()
}

/// `text()` in zstd.
pub fn zstd() -> Vec<u8> {
    STANDARD.decode(ZSTD).unwrap()
}

/// Begins as gzip and breaks in the middle of its data.
pub fn broken_gzip() -> Vec<u8> {
    let mut bytes = gzip(text().as_bytes());
    let middle = bytes.len() / 2;
    for byte in &mut bytes[middle..] {
        *byte ^= 0xA5;
    }
    bytes
}

/// A valid gzip body that unpacks to `mib` MiB of zeros, a thousand times its own size.
///
/// One MiB is compressed and repeated: a full flush ends on a byte and refers to nothing before it, so
/// even a gigabyte costs no time to make.
pub fn gzip_bomb(mib: usize) -> Vec<u8> {
    let zeros = vec![0; MIB];
    let mut block = Vec::with_capacity(2 * MIB);
    Compress::new(Compression::default(), false)
        .compress_vec(&zeros, &mut block, FlushCompress::Full)
        .unwrap();
    let mut block_crc = Crc::new();
    block_crc.update(&zeros);

    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut crc = Crc::new();
    for _ in 0..mib {
        bytes.extend_from_slice(&block);
        crc.combine(&block_crc);
    }
    // An empty, final block with fixed codes, then the checksum and the length modulo 2^32 (RFC 1952).
    bytes.extend_from_slice(&[0x03, 0x00]);
    bytes.extend_from_slice(&crc.sum().to_le_bytes());
    bytes.extend_from_slice(&((mib * MIB) as u32).to_le_bytes());
    bytes
}

//! Pixels → PNG (ISO/IEC 15948): red, green and blue of 8 bits, each row as it is or as its difference to the one above,
//! whichever changes less often from pixel to pixel.

use std::io::Write as _;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use super::canvas::Canvas;

const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];
/// Eight bits, true colour, and the only ways of packing and of interlacing that there are.
const KIND: [u8; 5] = [8, 2, 0, 0, 0];
/// The filter that leaves a row as it is.
const NONE: u8 = 0;
/// The filter that subtracts the row above: what is drawn upright, and empty paper, becomes zeros.
const UP: u8 = 2;
/// Pixels per metre, of a picture of twice the resolution of a page of 96 pixels per inch.
const PER_METRE: u32 = 7_559;

pub(super) fn encode(canvas: &Canvas) -> Vec<u8> {
    let size = |length: usize| u32::try_from(length).expect("a picture of some thousand pixels").to_be_bytes();
    let per_metre = PER_METRE.to_be_bytes();
    let mut file = SIGNATURE.to_vec();
    chunk(&mut file, *b"IHDR", &[&size(canvas.width)[..], &size(canvas.height), &KIND].concat());
    chunk(&mut file, *b"pHYs", &[&per_metre[..], &per_metre, &[1]].concat());
    chunk(&mut file, *b"IDAT", &packed(canvas));
    chunk(&mut file, *b"IEND", &[]);
    file
}

fn packed(canvas: &Canvas) -> Vec<u8> {
    let length = canvas.width * 3;
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    let mut above = vec![0; length];
    for row in canvas.pixels.chunks(length) {
        let differences: Vec<u8> = row.iter().zip(&above).map(|(pixel, above)| pixel.wrapping_sub(*above)).collect();
        let changes = |line: &[u8]| line.windows(6).filter(|pixels| pixels[..3] != pixels[3..]).count();
        let (filter, line) =
            if changes(row) < changes(&differences) { (NONE, row) } else { (UP, differences.as_slice()) };
        packer.write_all(&[filter]).and_then(|()| packer.write_all(line)).expect("memory takes everything");
        above.copy_from_slice(row);
    }
    packer.finish().expect("memory takes everything")
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], content: &[u8]) {
    let mut sum = Crc::new();
    sum.update(&name);
    sum.update(content);
    file.extend_from_slice(&u32::try_from(content.len()).expect("a picture of a few megabytes").to_be_bytes());
    file.extend_from_slice(&name);
    file.extend_from_slice(content);
    file.extend_from_slice(&sum.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_packed_is_what_was_painted() {
        let mut canvas = Canvas::new(5, 3);
        for (at, pixel) in (0_u8..).zip(&mut canvas.pixels) {
            *pixel = at.wrapping_mul(37);
        }
        let file = encode(&canvas);
        assert_eq!(
            (&file[..8], &file[12..16], &file[file.len() - 8..file.len() - 4]),
            (&SIGNATURE[..], &b"IHDR"[..], &b"IEND"[..])
        );
        let mut lines = Vec::new();
        flate2::read::ZlibDecoder::new(&packed(&canvas)[..]).read_to_end(&mut lines).unwrap();
        let mut above = vec![0_u8; 15];
        for (line, row) in lines.chunks(16).zip(canvas.pixels.chunks(15)) {
            let upon = |at: usize| if line[0] == UP { above[at] } else { 0 };
            above = line[1..].iter().enumerate().map(|(at, difference)| difference.wrapping_add(upon(at))).collect();
            assert_eq!(above, row);
        }
    }
}

//! The kind of a file by its first bytes. The name and the media type in a record are the issuer's words; a browser or
//! a viewer acts on these bytes.

/// Kinds that begin with bytes of their own.
const SIGNED: &[(&str, &[u8])] = &[
    ("application/pdf", b"%PDF-"),
    ("image/jpeg", b"\xFF\xD8\xFF"),
    ("image/png", b"\x89PNG\r\n\x1A\n"),
    ("image/gif", b"GIF87a"),
    ("image/gif", b"GIF89a"),
    ("image/tiff", b"II*\0"),
    ("image/tiff", b"MM\0*"),
    (ZIP, b"PK\x03\x04"),
];

/// OFD, DOCX and their like are zip archives.
const ZIP: &str = "application/zip";
/// Where the bytes say nothing.
const UNKNOWN: &str = "application/octet-stream";

/// The media type that the bytes say; `application/octet-stream` where they say none.
pub fn sniffed(content: &[u8]) -> &'static str {
    SIGNED.iter().find(|(_, begin)| content.starts_with(begin)).map_or(UNKNOWN, |(kind, _)| kind)
}

/// Whether a file whose bytes say `sniffed` may be of the media type that a record names.
pub fn fits(named: &str, sniffed: &str) -> bool {
    let begins = SIGNED.iter().any(|(kind, _)| *kind == named);
    match sniffed {
        UNKNOWN => !begins,
        ZIP => named == ZIP || !begins,
        found => named == found || named == UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_first_bytes() {
        for (content, kind) in [
            (&b"%PDF-1.7\n"[..], "application/pdf"),
            (b"\xFF\xD8\xFF\xE0\0\x10JFIF", "image/jpeg"),
            (b"\x89PNG\r\n\x1A\n\0", "image/png"),
            (b"GIF89a", "image/gif"),
            (b"II*\0\x08", "image/tiff"),
            (b"PK\x03\x04", "application/zip"),
            (b"<html>", "application/octet-stream"),
            (b"", "application/octet-stream"),
        ] {
            assert_eq!(sniffed(content), kind);
            assert!(fits(kind, sniffed(content)));
        }
        assert!(fits("application/ofd", sniffed(b"PK\x03\x04")), "an OFD file is an archive");
        assert!(fits("text/plain", UNKNOWN) && fits("application/octet-stream", "application/pdf"));
        for (named, content) in [
            ("image/jpeg", &b"<html>"[..]),
            ("image/jpeg", b"\x89PNG\r\n\x1A\n"),
            ("text/plain", b"%PDF-1.7"),
            ("image/png", b"PK\x03\x04"),
        ] {
            assert!(!fits(named, sniffed(content)), "{named}");
        }
    }
}

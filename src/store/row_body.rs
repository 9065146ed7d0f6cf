//! The part of a record row under its seal: the holder's code, the envelope, and facts that no clear column
//! has.

use crate::clock::{Day, Moment};
use crate::record::Digest;
use crate::trust::{Envelope, Layout};

/// The sealed part of a row, in the layout of `schema/bytes.md` §9.
#[derive(Clone, PartialEq, Eq)]
pub struct RowBody {
    /// Code type and canonical code of the row's holder as the record has them.
    pub holder: (String, String),
    /// The holder's role in the record.
    pub role: String,
    /// The identifier, even if the clear column leaves it out.
    pub identifier: String,
    /// When the leaf of this version was logged: its key is judged as of this time.
    pub logged_at: Moment,
    /// The day by which the next 年检/签注 is due, if there is one.
    pub review_due: Option<Day>,
    /// The stored envelope; empty if the body is elsewhere.
    pub envelope: Vec<u8>,
    /// The envelope's digest, so that no read hashes it; zeros if there is none.
    pub digest: Digest,
    /// Canonical JSON of a directory entry without envelope (name, number, office); else empty.
    pub directory: Vec<u8>,
}

/// Rows of the first layout begin with it.
const FIRST_MARK: u8 = 1;

/// Stands in place of a digest if there is no envelope.
pub const NO_ENVELOPE: Digest = Digest([0; 32]);

/// The digest of a stored envelope as a record row has it.
pub fn envelope_digest(stored: &[u8]) -> Digest {
    Envelope::parse_stored(stored).map_or(NO_ENVELOPE, |envelope| envelope.digest())
}

impl RowBody {
    /// The bytes to seal, in the present layout.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out =
            Vec::with_capacity(96 + self.identifier.len() + self.envelope.len() + self.directory.len());
        for part in [
            self.holder.0.as_bytes(),
            self.holder.1.as_bytes(),
            self.role.as_bytes(),
            self.identifier.as_bytes(),
        ] {
            framed(&mut out, part);
        }
        out.extend_from_slice(&self.logged_at.micros().to_be_bytes());
        out.extend_from_slice(&self.review_due.map_or(i32::MIN, Day::number).to_be_bytes());
        framed(&mut out, &self.envelope);
        out.extend_from_slice(&self.digest.0);
        framed(&mut out, &self.directory);
        out
    }

    /// Reads bytes of that layout; none if a byte is missing or left over. The envelope stays in the given
    /// buffer: it is most of a row, and each row of a lookup has one.
    pub fn from_bytes(layout: Layout, mut bytes: Vec<u8>) -> Option<Self> {
        let mut rest = match layout {
            Layout::First => bytes.strip_prefix(&[FIRST_MARK])?,
            Layout::Second => bytes.as_slice(),
        };
        let holder = (text(&mut rest)?, text(&mut rest)?);
        let role = text(&mut rest)?;
        let identifier = text(&mut rest)?;
        let (at, after) = rest.split_first_chunk::<8>()?;
        rest = after;
        let logged_at = Moment::from_micros(i64::from_be_bytes(*at));
        let (due, after) = rest.split_first_chunk::<4>()?;
        rest = after;
        let due = i32::from_be_bytes(*due);
        let review_due = if due == i32::MIN { None } else { Some(Day::from_number(due)?) };
        let envelope_len = take(&mut rest)?.len();
        let envelope_end = bytes.len() - rest.len();
        let digest = match layout {
            Layout::First => None,
            Layout::Second => {
                let (digest, after) = rest.split_first_chunk::<32>()?;
                rest = after;
                Some(Digest(*digest))
            }
        };
        let directory = take(&mut rest)?.to_vec();
        if !rest.is_empty() {
            return None;
        }
        bytes.truncate(envelope_end);
        bytes.drain(..envelope_end - envelope_len);
        let digest = digest.unwrap_or_else(|| envelope_digest(&bytes));
        Some(Self { holder, role, identifier, logged_at, review_due, envelope: bytes, digest, directory })
    }
}

/// Appends `u32 len ‖ bytes`.
pub fn framed(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(part);
}

/// Takes `u32 len ‖ bytes` off the front.
pub fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first_chunk::<4>()?;
    let (part, after) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
    *rest = after;
    Some(part)
}

fn text(rest: &mut &[u8]) -> Option<String> {
    String::from_utf8(take(rest)?.to_vec()).ok()
}

/// Never prints the holder's code.
impl std::fmt::Debug for RowBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RowBody {{ role: {:?}, envelope: {} bytes }}", self.role, self.envelope.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::trust::{EnvelopeBuf, SigningKey, Typ};

    prop_compose! {
        fn bodies()(
            texts in any::<[String; 4]>(), micros: i64, due in proptest::option::of(-100_000..100_000_i32),
            payload in proptest::option::of("[a-z]{0,40}"), directory: Vec<u8>,
        ) -> RowBody {
            let [code_type, code, role, identifier] = texts;
            let key = SigningKey::from_seed(&[7; 32]).unwrap();
            let payload = payload.map(|text| format!(r#"{{"x":"{text}"}}"#));
            let envelope = payload
                .map(|payload| EnvelopeBuf::sign(Typ::Record, payload.as_bytes(), &key).unwrap().stored().to_vec())
                .unwrap_or_default();
            let digest = envelope_digest(&envelope);
            RowBody {
                holder: (code_type, code), role, identifier, logged_at: Moment::from_micros(micros),
                review_due: due.and_then(Day::from_number), envelope, digest, directory,
            }
        }
    }

    /// A row of the earlier program version.
    fn first_bytes(body: &RowBody) -> Vec<u8> {
        let present = body.to_bytes();
        let digest_at = present.len() - 4 - body.directory.len() - 32;
        [&[FIRST_MARK], &present[..digest_at], &present[digest_at + 32..]].concat()
    }

    fn whole_or_not_at_all(layout: Layout, bytes: &[u8], body: &RowBody) {
        assert_eq!(RowBody::from_bytes(layout, bytes.to_vec()).as_ref(), Some(body));
        for cut in 0..bytes.len() {
            assert_eq!(RowBody::from_bytes(layout, bytes[..cut].to_vec()), None, "cut at {cut}");
        }
        assert_eq!(RowBody::from_bytes(layout, [bytes, &[0]].concat()), None);
    }

    proptest! {
        #[test]
        fn a_body_of_either_layout_comes_back_whole_or_not_at_all(body in bodies()) {
            whole_or_not_at_all(Layout::Second, &body.to_bytes(), &body);
            whole_or_not_at_all(Layout::First, &first_bytes(&body), &body);
            prop_assert!(RowBody::from_bytes(Layout::Second, first_bytes(&body)) != Some(body.clone()));
            prop_assert!(RowBody::from_bytes(Layout::First, body.to_bytes()) != Some(body));
        }
    }

    #[test]
    fn i3_a_body_prints_no_code() {
        let text = "190101198803120021".to_owned();
        let body = RowBody {
            holder: ("111".into(), text.clone()),
            role: "holder".into(),
            identifier: text,
            logged_at: Moment::from_micros(7),
            review_due: Day::new(2027, 1, 31),
            envelope: vec![1, 2, 3],
            digest: NO_ENVELOPE,
            directory: Vec::new(),
        };
        assert!(!format!("{body:?}").contains("19010119880312"));
    }
}

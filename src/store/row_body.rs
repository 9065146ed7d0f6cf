//! What the seal of a record row hides: the holder's code, the envelope, and facts that no clear column has.

use crate::clock::{Day, Moment};

/// The sealed part of a row, in the layout of `schema/bytes.md` §9.
#[derive(Clone, PartialEq, Eq)]
pub struct RowBody {
    /// Code type and canonical code of the row's holder as the record has them.
    pub holder: (String, String),
    /// The holder's role in the record.
    pub role: String,
    /// The identifier, also where the clear column leaves it out.
    pub identifier: String,
    /// When the leaf of this version was logged: what its key is judged at.
    pub logged_at: Moment,
    /// The day by which the next 年检/签注 is due, where one is.
    pub review_due: Option<Day>,
    /// The stored envelope; empty where the body is elsewhere.
    pub envelope: Vec<u8>,
    /// Canonical JSON of a directory entry without envelope (name, number, office); else empty.
    pub directory: Vec<u8>,
}

const LAYOUT: u8 = 1;

impl RowBody {
    /// The bytes that are sealed.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out =
            Vec::with_capacity(64 + self.identifier.len() + self.envelope.len() + self.directory.len());
        out.push(LAYOUT);
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
        framed(&mut out, &self.directory);
        out
    }

    /// Reads what [`RowBody::to_bytes`] wrote; none if a byte is missing or left over. The envelope stays in the
    /// buffer that is given: it is most of a row, and each row of a lookup has one.
    pub fn from_bytes(mut bytes: Vec<u8>) -> Option<Self> {
        let (&layout, mut rest) = bytes.split_first()?;
        if layout != LAYOUT {
            return None;
        }
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
        let directory = take(&mut rest)?.to_vec();
        if !rest.is_empty() {
            return None;
        }
        bytes.truncate(envelope_end);
        bytes.drain(..envelope_end - envelope_len);
        Some(Self { holder, role, identifier, logged_at, review_due, envelope: bytes, directory })
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
    use super::*;

    #[test]
    fn a_body_comes_back_whole_or_not_at_all() {
        let body = RowBody {
            holder: ("111".into(), "190101198803120021".into()),
            role: "holder".into(),
            identifier: "1.2.156.3005.2.x".into(),
            logged_at: Moment::from_micros(7),
            review_due: Day::new(2027, 1, 31),
            envelope: vec![1, 2, 3],
            directory: Vec::new(),
        };
        let bytes = body.to_bytes();
        assert_eq!(RowBody::from_bytes(bytes.clone()), Some(body.clone()));
        for cut in 0..bytes.len() {
            assert_eq!(RowBody::from_bytes(bytes[..cut].to_vec()), None, "cut at {cut}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(RowBody::from_bytes(longer), None);
        assert!(!format!("{body:?}").contains("19010119880312"));
    }
}

//! What each kept attachment is: its size, and the media type that its bytes say. The verdict of a record that names
//! files reads these rows and opens no file. A file without its row is not here yet: the row comes last.

use std::collections::HashMap;

use diesel::prelude::*;

use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::schema::attachment_kinds;
use super::sealed::{self, SealedRow};
use super::vault::Purpose;
use crate::error::{Error, Result};
use crate::record::media;
use crate::trust::Aad;

/// A kept attachment as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFile {
    /// Bytes.
    pub size: u64,
    /// The media type that its bytes say.
    pub media_type: String,
}

const TABLE: &str = "attachment_kinds";

#[derive(Queryable, Insertable)]
#[diesel(table_name = attachment_kinds)]
struct Row {
    key: Vec<u8>,
    key_id: i32,
    sealed: Vec<u8>,
}

impl SealedRow for Row {
    fn cover(&self, aad: &mut Aad) {
        aad.raw(&self.key);
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        (&mut self.key_id, &mut self.sealed)
    }
}

impl KeptFile {
    /// The one that these bytes are.
    pub fn of(content: &[u8]) -> Result<Self> {
        let size = u64::try_from(content.len()).map_err(Error::internal)?;
        Ok(Self { size, media_type: media::sniffed(content).to_owned() })
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend_from_slice(self.media_type.as_bytes());
        bytes
    }

    fn read(plain: &[u8]) -> Option<Self> {
        let (size, media_type) = plain.split_first_chunk::<8>()?;
        let media_type = std::str::from_utf8(media_type).ok()?.to_owned();
        Some(Self { size: u64::from_be_bytes(*size), media_type })
    }
}

impl Reader<'_> {
    /// The attachment under a keyed hash; none if it is not here, or its row does not open, which `fsck` tells.
    pub fn kept_file(&mut self, key: &[u8; 16]) -> Result<Option<KeptFile>> {
        Ok(self.file_row(key)?.flatten())
    }

    /// Which of these attachments are here, in one query.
    pub fn kept_files(&mut self, keys: &[[u8; 16]]) -> Result<HashMap<[u8; 16], KeptFile>> {
        let among: Vec<&[u8]> = keys.iter().map(<[u8; 16]>::as_slice).collect();
        let of_keys = attachment_kinds::table.filter(attachment_kinds::key.eq_any(among));
        let rows: Vec<Row> = native!(&mut *self.conn, c => of_keys.load(c)).map_err(dialect::fault)?;
        let mut kept = HashMap::with_capacity(rows.len());
        for mut row in rows {
            let Ok(key) = <[u8; 16]>::try_from(row.key.as_slice()) else { continue };
            let opened = sealed::open(TABLE, &mut row, self.vault, &mut Aad::new());
            kept.extend(opened.and_then(|(_, plain)| KeptFile::read(&plain)).map(|file| (key, file)));
        }
        Ok(kept)
    }

    /// Whether the row of an attachment does not open.
    pub fn kept_file_damaged(&mut self, key: &[u8; 16]) -> Result<bool> {
        Ok(self.file_row(key)?.is_some_and(|opened| opened.is_none()))
    }

    /// The row, if there is one, and what it says, if it opens.
    fn file_row(&mut self, key: &[u8; 16]) -> Result<Option<Option<KeptFile>>> {
        let row: Option<Row> =
            native!(&mut *self.conn, c => attachment_kinds::table.find(key.as_slice()).first(c).optional())
                .map_err(dialect::fault)?;
        Ok(row.map(|mut row| {
            let opened = sealed::open(TABLE, &mut row, self.vault, &mut Aad::new());
            opened.and_then(|(_, plain)| KeptFile::read(&plain))
        }))
    }
}

impl Writer<'_> {
    /// Says that an attachment is here; one that was said before stays as it is.
    pub fn keep_file(&mut self, key: &[u8; 16], file: &KeptFile) -> Result<()> {
        if self.kept_file(key)?.is_some() {
            return Ok(());
        }
        let mut row = Row { key: key.to_vec(), key_id: 0, sealed: Vec::new() };
        sealed::seal(TABLE, &mut row, &self.vault.current(Purpose::Registry)?, &file.bytes())?;
        let of_key = attachment_kinds::table.find(key.as_slice());
        // One that does not open goes: the content is in hand, and what it is was just measured.
        native!(&mut *self.conn, c => diesel::delete(of_key).execute(c)).map_err(dialect::fault)?;
        native!(&mut *self.conn, c => diesel::insert_into(attachment_kinds::table).values(&row).execute(c))
            .map(drop)
            .map_err(dialect::fault)
    }
}

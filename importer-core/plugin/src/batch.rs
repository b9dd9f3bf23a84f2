use crate::Error;

/// How many rows an adapter puts into one batch unless it has a reason for fewer.
const TARGET_ROWS: usize = 2_048;
/// How much text makes a batch full whatever its number of rows; keeps memory flat for wide rows.
const TARGET_BYTES: usize = 4 << 20;

/// Rows of text cells in one flat, row-major buffer.
///
/// All text lies in one string; `offsets` holds the end of every cell and `valid` one bit per cell. That layout is
/// what crosses the plugin boundary: no allocation per cell, nothing to convert.
///
/// ```
/// use importer_plugin::Batch;
/// let mut batch = Batch::new(2);
/// batch.push_row([Some("Ada"), None]).unwrap();
/// batch.push_row([Some(""), Some("Lovelace")]).unwrap();
/// assert_eq!(batch.rows(), 2);
/// assert_eq!(batch.get(0, 0), Some("Ada"));
/// assert_eq!(batch.get(0, 1), None);
/// assert_eq!(batch.get(1, 0), Some(""), "an empty cell is not a missing one");
/// ```
#[derive(Clone, Default)]
pub struct Batch {
    columns: usize,
    text: String,
    offsets: Vec<u32>,
    valid: Vec<u8>,
}

impl std::fmt::Debug for Batch {
    // The cells are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch")
            .field("columns", &self.columns)
            .field("rows", &self.rows())
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

impl Batch {
    /// An empty batch of rows with `columns` cells each.
    pub fn new(columns: usize) -> Self {
        Self { columns, ..Self::default() }
    }

    /// An empty batch with room for `rows` rows and `text` bytes, so that filling it copies nothing twice.
    ///
    /// ```
    /// use importer_plugin::Batch;
    /// let mut batch = Batch::with_capacity(2, 1, 3);
    /// assert!(batch.is_empty());
    /// batch.push_row([Some("Ada"), None]).unwrap();
    /// assert_eq!(batch.rows(), 1);
    /// ```
    pub fn with_capacity(columns: usize, rows: usize, text: usize) -> Self {
        let cells = rows.saturating_mul(columns);
        Self {
            columns,
            text: String::with_capacity(text),
            offsets: Vec::with_capacity(cells),
            valid: Vec::with_capacity(cells.div_ceil(8)),
        }
    }

    /// The number of cells of a row.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The number of complete rows.
    pub fn rows(&self) -> usize {
        self.offsets.len().checked_div(self.columns).unwrap_or(0)
    }

    /// True without a complete row.
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// The size of all text, in bytes.
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// True when it is time to hand the batch over: about 2,048 rows or 4 MiB of text.
    pub fn is_full(&self) -> bool {
        self.rows() >= TARGET_ROWS || self.text.len() >= TARGET_BYTES
    }

    /// Forgets the rows, keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.offsets.clear();
        self.valid.clear();
    }

    /// Empties the batch for rows of another width.
    pub fn reset(&mut self, columns: usize) {
        self.clear();
        self.columns = columns;
    }

    /// Appends the next cell; a row is complete when it has all its cells.
    ///
    /// # Errors
    /// When the text of one batch would pass 4 GiB, which no offset can address.
    #[inline]
    pub fn push(&mut self, cell: Option<&str>) -> Result<(), Error> {
        if let Some(cell) = cell {
            self.text.push_str(cell);
        }
        self.end_cell(cell.is_some())
    }

    /// Appends a cell that `write` composes in place; it is missing when `write` returns false.
    ///
    /// ```
    /// use importer_plugin::Batch;
    /// let mut batch = Batch::new(1);
    /// batch.push_with(|out| { out.push_str("built "); out.push_str("in place"); true }).unwrap();
    /// batch.push_with(|out| { out.push_str("given up"); false }).unwrap();
    /// assert_eq!((batch.get(0, 0), batch.get(1, 0)), (Some("built in place"), None));
    /// ```
    ///
    /// # Errors
    /// As [`Batch::push`].
    pub fn push_with(&mut self, write: impl FnOnce(&mut String) -> bool) -> Result<(), Error> {
        let start = self.text.len();
        let present = write(&mut self.text);
        if !present {
            self.text.truncate(start);
        }
        self.end_cell(present)
    }

    /// Appends a whole row.
    ///
    /// # Errors
    /// When the row has another number of cells than the batch has columns, or the batch is too large.
    pub fn push_row<'a>(&mut self, cells: impl IntoIterator<Item = Option<&'a str>>) -> Result<(), Error> {
        let start = self.offsets.len();
        for cell in cells {
            self.push(cell)?;
        }
        let got = self.offsets.len() - start;
        if got != self.columns {
            return Err(Error::bug(format!(
                "a row of {got} cells was put into a batch of {} columns",
                self.columns
            )));
        }
        Ok(())
    }

    #[inline]
    fn end_cell(&mut self, present: bool) -> Result<(), Error> {
        let cell = self.offsets.len();
        let end = u32::try_from(self.text.len())
            .map_err(|_| Error::data("one batch holds more than 4 GiB of text; hand over smaller batches"))?;
        if cell.is_multiple_of(8) {
            self.valid.push(0);
        }
        if present && let Some(bits) = self.valid.last_mut() {
            *bits |= 1 << (cell % 8);
        }
        self.offsets.push(end);
        Ok(())
    }

    /// The cell at `row` and `column`; `None` when it is missing or outside the batch.
    #[inline]
    pub fn get(&self, row: usize, column: usize) -> Option<&str> {
        if column >= self.columns {
            return None;
        }
        let cell = row * self.columns + column;
        if self.valid.get(cell / 8)? & (1 << (cell % 8)) == 0 {
            return None;
        }
        let end = *self.offsets.get(cell)? as usize;
        let start = if cell == 0 { 0 } else { self.offsets[cell - 1] as usize };
        self.text.get(start..end)
    }

    /// One row.
    pub fn row(&self, row: usize) -> Row<'_> {
        Row { batch: self, row }
    }

    /// The parts that cross the boundary: columns, text, cell ends, presence bits.
    #[doc(hidden)]
    pub fn into_parts(self) -> (usize, Vec<u8>, Vec<u32>, Vec<u8>) {
        (self.columns, self.text.into_bytes(), self.offsets, self.valid)
    }

    /// Puts a batch together from its parts and checks every promise once, so that reading needs no check.
    ///
    /// # Errors
    /// When the parts do not fit each other: broken UTF-8, offsets that fall, overrun or cut a character, an
    /// incomplete last row, or too few presence bits.
    #[doc(hidden)]
    pub fn from_parts(
        columns: usize,
        text: Vec<u8>,
        offsets: Vec<u32>,
        valid: Vec<u8>,
    ) -> Result<Self, Error> {
        let broken = |what: &str| Error::bug(format!("the plugin handed over a broken batch: {what}"));
        let text = String::from_utf8(text).map_err(|_| broken("its text is not UTF-8"))?;
        if columns == 0 && !offsets.is_empty() {
            return Err(broken("it has cells but no columns"));
        }
        if columns != 0 && !offsets.len().is_multiple_of(columns) {
            return Err(broken("its last row is incomplete"));
        }
        if valid.len() < offsets.len().div_ceil(8) {
            return Err(broken("it has fewer presence bits than cells"));
        }
        let end = offsets.last().map_or(0, |&end| end as usize);
        if end < text.len() {
            return Err(broken("text lies behind the last cell"));
        }
        // Where every character is one byte, ends that rise to the end of the text cut none.
        let cuts = || !text.is_ascii() && offsets.iter().any(|&end| !text.is_char_boundary(end as usize));
        if end > text.len() || !offsets.is_sorted() || cuts() {
            return Err(broken("a cell's end lies outside the text or inside a character"));
        }
        Ok(Self { columns, text, offsets, valid })
    }

    /// As [`Batch::from_parts`], but copies the parts into the memory this batch has. After an error it has no rows.
    #[doc(hidden)]
    pub fn refill(
        &mut self,
        columns: usize,
        text: &[u8],
        offsets: &[u32],
        valid: &[u8],
    ) -> Result<(), Error> {
        let Self { text: old_text, offsets: old_offsets, valid: old_valid, .. } = std::mem::take(self);
        let text = copied(text, old_text.into_bytes());
        *self = Self::from_parts(columns, text, copied(offsets, old_offsets), copied(valid, old_valid))?;
        Ok(())
    }
}

/// The same items in the memory of `room`.
pub(crate) fn copied<T: Copy>(items: &[T], mut room: Vec<T>) -> Vec<T> {
    room.clear();
    room.extend_from_slice(items);
    room
}

/// A view of one row of a [`Batch`].
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    batch: &'a Batch,
    row: usize,
}

impl<'a> Row<'a> {
    /// The cell of a column; `None` when it is missing.
    #[inline]
    pub fn get(&self, column: usize) -> Option<&'a str> {
        self.batch.get(self.row, column)
    }

    /// Its place in the batch, counted from 0.
    pub fn index(&self) -> usize {
        self.row
    }

    /// All cells, in the order of the columns.
    pub fn cells(self) -> impl Iterator<Item = Option<&'a str>> {
        (0..self.batch.columns).map(move |column| self.get(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cells_survive_the_flat_form(rows in prop::collection::vec(prop::array::uniform3(prop::option::of(".*")), 0..20)) {
            let mut batch = Batch::new(3);
            for row in &rows {
                batch.push_row(row.iter().map(Option::as_deref)).unwrap();
            }
            let (columns, text, offsets, valid) = batch.into_parts();
            let back = Batch::from_parts(columns, text, offsets, valid).unwrap();
            prop_assert_eq!(back.rows(), rows.len());
            for (r, row) in rows.iter().enumerate() {
                for (c, cell) in row.iter().enumerate() {
                    prop_assert_eq!(back.get(r, c), cell.as_deref());
                }
            }
        }

        #[test]
        fn broken_parts_are_refused_and_never_panic(columns in 0usize..4, text in prop::collection::vec(any::<u8>(), 0..12),
                offsets in prop::collection::vec(0u32..14, 0..9), valid in prop::collection::vec(any::<u8>(), 0..3)) {
            let mut refilled = Batch::new(1);
            refilled.push(Some("é")).unwrap();
            let outcome = refilled.refill(columns, &text, &offsets, &valid);
            let made = Batch::from_parts(columns, text, offsets, valid);
            prop_assert_eq!(outcome.is_ok(), made.is_ok());
            prop_assert_eq!(refilled.rows(), made.as_ref().map_or(0, Batch::rows));
            if let Ok(batch) = made {
                for row in 0..batch.rows() {
                    batch.row(row).cells().for_each(drop);
                }
            }
        }
    }

    #[test]
    fn a_cut_character_is_refused() {
        let error = Batch::from_parts(2, "é".into(), vec![1, 2], vec![3]).unwrap_err();
        assert!(error.message.contains("inside a character"), "{error}");
    }
}

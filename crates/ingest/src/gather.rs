//! Rows of several batches into one, in another order.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Int32Array, PrimitiveArray, RecordBatch, StringArray, new_null_array,
};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Int32Type, SchemaRef};
use arrow::error::ArrowError;

/// Batches of one schema, out of which rows are taken.
pub(crate) struct Gather<'a> {
    schema: SchemaRef,
    columns: Vec<Column<'a>>,
}

/// A column of all batches.
enum Column<'a> {
    /// No batch has a value.
    Nothing(DataType),
    /// Words, with one dictionary for all batches: as many words as batches would be put together for every piece that
    /// is taken out.
    Words { keys: Vec<&'a PrimitiveArray<Int32Type>>, places: Vec<Vec<i32>>, words: ArrayRef },
    /// Anything else.
    Arrays(Vec<&'a dyn Array>),
}

impl<'a> Gather<'a> {
    /// The first columns of batches, as many as `schema` has.
    pub(crate) fn new(schema: &SchemaRef, batches: &[&'a RecordBatch]) -> Self {
        let columns = (0..schema.fields().len()).map(|at| {
            let arrays: Vec<&'a dyn Array> = batches.iter().map(|batch| batch.column(at).as_ref()).collect();
            Column::of(arrays, schema.field(at).data_type())
        });
        Self { columns: columns.collect(), schema: schema.clone() }
    }

    /// The places of columns in which no batch has a value.
    pub(crate) fn blank(&self) -> impl Iterator<Item = usize> {
        let is_blank = |(_, column): &(usize, &Column<'_>)| matches!(column, Column::Nothing(_));
        self.columns.iter().enumerate().filter(is_blank).map(|(at, _)| at)
    }

    /// These rows, each as the place of its batch and its place in it.
    pub(crate) fn rows(&self, rows: &[(usize, usize)]) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter().map(|column| column.rows(rows)).collect::<Result<_, _>>()?;
        RecordBatch::try_new(self.schema.clone(), columns)
    }
}

impl<'a> Column<'a> {
    fn of(arrays: Vec<&'a dyn Array>, ty: &DataType) -> Self {
        if arrays.iter().all(|array| array.null_count() == array.len()) {
            return Self::Nothing(ty.clone());
        }
        let DataType::Dictionary(..) = ty else { return Self::Arrays(arrays) };
        let mut known: HashMap<&'a str, i32> = HashMap::new();
        let mut words: Vec<&'a str> = Vec::new();
        let (mut keys, mut places) = (Vec::with_capacity(arrays.len()), Vec::with_capacity(arrays.len()));
        for array in arrays {
            let array: &'a DictionaryArray<Int32Type> = array.as_dictionary();
            let of_batch = array.values().as_string::<i32>().iter().map(|word| {
                let word = word.unwrap_or_default();
                *known.entry(word).or_insert_with(|| {
                    words.push(word);
                    i32::try_from(words.len() - 1).expect("fewer words than rows")
                })
            });
            places.push(of_batch.collect());
            keys.push(array.keys());
        }
        Self::Words { keys, places, words: Arc::new(StringArray::from_iter_values(words)) }
    }

    fn rows(&self, rows: &[(usize, usize)]) -> Result<ArrayRef, ArrowError> {
        match self {
            Self::Nothing(ty) => Ok(new_null_array(ty, rows.len())),
            Self::Arrays(arrays) => interleave(arrays, rows),
            Self::Words { keys, places, words } => {
                let place = |(batch, row): &(usize, usize)| {
                    let keys = keys[*batch];
                    let key = keys.is_valid(*row).then(|| keys.value(*row))?;
                    Some(places[*batch][usize::try_from(key).expect("a valid key")])
                };
                let keys: Int32Array = rows.iter().map(place).collect();
                Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, words.clone())?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Field, Schema};

    use super::*;

    fn batch(words: &[Option<&str>], numbers: &[i32]) -> RecordBatch {
        let schema = Schema::new(vec![
            Field::new("word", DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)), true),
            Field::new("nothing", DataType::Utf8, true),
            Field::new("number", DataType::Int32, false),
        ]);
        let words: DictionaryArray<Int32Type> = words.iter().copied().collect();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(words),
            new_null_array(&DataType::Utf8, numbers.len()),
            Arc::new(Int32Array::from(numbers.to_vec())),
        ];
        RecordBatch::try_new(Arc::new(schema), columns).unwrap()
    }

    #[test]
    fn words_of_several_dictionaries_nulls_and_empty_columns_come_out_as_they_went_in() {
        let batches = [batch(&[Some("b"), None, Some("a")], &[1, 2, 3]), batch(&[Some("a"), Some("c")], &[4, 5])];
        let batches: Vec<&RecordBatch> = batches.iter().collect();
        let rows = [(1, 1), (0, 1), (0, 2), (1, 0), (0, 0)];
        let taken = Gather::new(&batches[0].schema(), &batches).rows(&rows).unwrap();
        let words = taken.column(0).as_dictionary::<Int32Type>().downcast_dict::<StringArray>().unwrap();
        assert_eq!(words.into_iter().collect::<Vec<_>>(), [Some("c"), None, Some("a"), Some("a"), Some("b")]);
        assert_eq!(taken.column(1).null_count(), 5);
        assert_eq!(taken.column(2).as_primitive::<Int32Type>().values(), &[5, 2, 3, 4, 1]);
    }
}

//! A function that is DataFusion's in everything but how it is called.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef};
use datafusion::common::Result;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

/// What is done around a call.
pub(super) trait Call: Debug + Eq + Hash + Send + Sync + 'static {
    /// Calls the function, or refuses to.
    ///
    /// # Errors
    /// When the call fails or is refused.
    fn call(&self, function: &ScalarUDF, args: ScalarFunctionArgs) -> Result<ColumnarValue>;
}

/// Returns the function with another way of calling it.
pub(super) fn wrapped(function: Arc<ScalarUDF>, call: impl Call) -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(Wrapped { function, call }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Wrapped<C> {
    function: Arc<ScalarUDF>,
    call: C,
}

impl<C: Call> ScalarUDFImpl for Wrapped<C> {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn aliases(&self) -> &[String] {
        self.function.aliases()
    }

    fn signature(&self) -> &Signature {
        self.function.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.function.return_type(types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.function.return_field_from_args(args)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.function.coerce_types(types)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        self.function.output_ordering(inputs)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.call.call(&self.function, args)
    }
}

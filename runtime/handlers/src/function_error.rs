//! The enumeration of a function's errors, which generated contracts declare.

/// Declares what a function fails with: an enumeration with a variant for each business error, which holds a message for people, and one
/// for anything outside of the business logic. Beside each business error stand its name for `Retry` and `Catch`, and its HTTP status.
///
/// ```
/// evc_runtime::function_error! {
///     /// What `reserve-inventory` fails with.
///     pub enum ReserveInventoryError {
///         /// `InventoryUnavailable`, with a message for people.
///         InventoryUnavailable("InventoryUnavailable", 422),
///     }
///     /// Anything outside of the business logic.
///     else Other
/// }
///
/// use evc_runtime::FunctionError as _;
/// let error = ReserveInventoryError::InventoryUnavailable("none is left".to_owned());
/// assert_eq!((error.name(), error.status(), error.to_string().as_str()), ("InventoryUnavailable", 422, "none is left"));
/// ```
#[macro_export]
macro_rules! function_error {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$error_meta:meta])* $error:ident($wire:literal, $status:literal),)+
        }
        $(#[$other_meta:meta])*
        else $other:ident
    ) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub enum $name {
            $($(#[$error_meta])* $error(String),)+
            $(#[$other_meta])*
            $other($crate::Error),
        }

        impl From<$crate::Error> for $name {
            fn from(error: $crate::Error) -> Self {
                Self::$other(error)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$error(message) => f.write_str(message),)+
                    Self::$other(error) => std::fmt::Display::fmt(error, f),
                }
            }
        }

        impl std::error::Error for $name {}

        impl $crate::FunctionError for $name {
            fn name(&self) -> &str {
                match self {
                    $(Self::$error(_) => $wire,)+
                    Self::$other(error) => $crate::FunctionError::name(error),
                }
            }

            fn status(&self) -> u16 {
                match self {
                    $(Self::$error(_) => $status,)+
                    Self::$other(error) => $crate::FunctionError::status(error),
                }
            }

            fn infrastructure(&self) -> Option<&$crate::Error> {
                match self {
                    $(Self::$error(_) => None,)+
                    Self::$other(error) => Some(error),
                }
            }
        }
    };
}

//! Functions with loops over many bytes, made twice: once for every processor of an architecture, and once for those that do 32
//! bytes at a time, where it is looked at run time whether this is one.

/// Declares such a function: whatever its body calls has to be inlined to be made twice with it. Another body may be given
/// for the processors that are not wide.
macro_rules! wide {
    ($(#[$attribute:meta])* $visible:vis fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? $body:block) => {
        wide! { $(#[$attribute])* $visible fn $name($($argument: $type),*) $(-> $result)? $body else $body }
    };
    ($(#[$attribute:meta])* $visible:vis fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? $body:block else $other:block) => {
        $(#[$attribute])*
        $visible fn $name($($argument: $type),*) $(-> $result)? {
            #[cfg(all(target_arch = "x86_64", not(miri)))]
            {
                #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
                fn wide($($argument: $type),*) $(-> $result)? $body
                if $crate::base::wide::is_here() {
                    // SAFETY: the processor was asked for what the function is made for.
                    return unsafe { wide($($argument),*) };
                }
            }
            $other
        }
    };
}
pub(crate) use wide;

#[cfg(all(target_arch = "x86_64", not(miri)))]
cpufeatures::new!(features, "avx2", "bmi1", "bmi2", "popcnt");

/// Whether the processor has what the wide functions are made for.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline]
pub(crate) fn is_here() -> bool {
    features::get()
}

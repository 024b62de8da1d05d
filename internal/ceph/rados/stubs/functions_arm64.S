//go:build stubs

// As functions_amd64.S. x16 is the register that a jump between functions may use.
#define FUNCTION(index, name, library, since) \
	.globl name; .hidden name; .type name, %function; \
	name: adrp x16, stub_targets + 8 * index; ldr x16, [x16, #:lo12:stub_targets + 8 * index]; br x16;

.text
#include "functions.h"

.section .note.GNU-stack, "", %progbits

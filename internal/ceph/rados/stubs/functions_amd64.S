//go:build stubs

// Each function of functions.h jumps where its entry of stub_targets points to. Arguments and stack stay as they are, so it fits any
// function.
#define FUNCTION(index, name, library, since) \
	.globl name; .hidden name; .type name, @function; name: jmp *stub_targets + 8 * index(%rip);

.text
#include "functions.h"

.section .note.GNU-stack, "", @progbits

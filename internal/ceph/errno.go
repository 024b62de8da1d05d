package ceph

import (
	"errors"
	"fmt"
)

// Errno is the error number of a reply, positive, as Ceph uses it on the wire (Linux numbers on every system).
type Errno int

// The numbers that decide something.
const (
	EPERM      Errno = 1
	ENOENT     Errno = 2
	EIO        Errno = 5
	EACCES     Errno = 13
	EBUSY      Errno = 16
	EEXIST     Errno = 17
	EINVAL     Errno = 22
	ENOSPC     Errno = 28
	EROFS      Errno = 30
	EDOM       Errno = 33
	ERANGE     Errno = 34
	ENOSYS     Errno = 38
	ENOTEMPTY  Errno = 39
	EOPNOTSUPP Errno = 95
	ENOTCONN   Errno = 107
	ESHUTDOWN  Errno = 108
	ETIMEDOUT  Errno = 110
	EDQUOT     Errno = 122
)

var errnoNames = map[Errno]string{
	EPERM:      "EPERM, operation not permitted",
	ENOENT:     "ENOENT, no such file or directory",
	EIO:        "EIO, input/output error",
	EACCES:     "EACCES, permission denied",
	EBUSY:      "EBUSY, device or resource busy",
	EEXIST:     "EEXIST, file exists",
	EINVAL:     "EINVAL, invalid argument",
	ENOSPC:     "ENOSPC, no space left",
	EROFS:      "EROFS, read-only",
	EDOM:       "EDOM, out of domain",
	ERANGE:     "ERANGE, out of range",
	ENOSYS:     "ENOSYS, function not implemented",
	ENOTEMPTY:  "ENOTEMPTY, not empty",
	EOPNOTSUPP: "EOPNOTSUPP, operation not supported",
	ENOTCONN:   "ENOTCONN, not connected",
	ESHUTDOWN:  "ESHUTDOWN, this client is blocklisted",
	ETIMEDOUT:  "ETIMEDOUT, timed out",
	EDQUOT:     "EDQUOT, quota exceeded",
}

// Error returns the number and its name, as in "-16 (EBUSY, device or resource busy)".
func (e Errno) Error() string {
	if name, ok := errnoNames[e]; ok {
		return fmt.Sprintf("-%d (%s)", int(e), name)
	}
	return fmt.Sprintf("-%d", int(e))
}

// errnoOf returns the number in err, zero if there is none.
func errnoOf(err error) Errno {
	var e Errno
	if errors.As(err, &e) {
		return e
	}
	return 0
}

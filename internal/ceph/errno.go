package ceph

import (
	"errors"
	"fmt"
	"strings"
)

// Errno is the error number of a reply, positive, as Ceph uses it on the wire (Linux numbers on every system).
type Errno int

// The numbers that Ceph answers with and that this provider explains.
const (
	EPERM        Errno = 1
	ENOENT       Errno = 2
	EINTR        Errno = 4
	EIO          Errno = 5
	ENXIO        Errno = 6
	E2BIG        Errno = 7
	EBADF        Errno = 9
	ECHILD       Errno = 10
	EAGAIN       Errno = 11
	ENOMEM       Errno = 12
	EACCES       Errno = 13
	EFAULT       Errno = 14
	EBUSY        Errno = 16
	EEXIST       Errno = 17
	EXDEV        Errno = 18
	ENODEV       Errno = 19
	EINVAL       Errno = 22
	EFBIG        Errno = 27
	ENOSPC       Errno = 28
	EROFS        Errno = 30
	EMLINK       Errno = 31
	EDOM         Errno = 33
	ERANGE       Errno = 34
	ENAMETOOLONG Errno = 36
	ENOSYS       Errno = 38
	ENOTEMPTY    Errno = 39
	ENODATA      Errno = 61
	EBADMSG      Errno = 74
	EOVERFLOW    Errno = 75
	EILSEQ       Errno = 84
	EOPNOTSUPP   Errno = 95
	ENOTCONN     Errno = 107
	ESHUTDOWN    Errno = 108
	ETIMEDOUT    Errno = 110
	EALREADY     Errno = 114
	EINPROGRESS  Errno = 115
	ESTALE       Errno = 116
	EDQUOT       Errno = 122
	ECANCELED    Errno = 125
)

var errnoNames = map[Errno]string{
	EPERM:        "EPERM, operation not permitted",
	ENOENT:       "ENOENT, no such file or directory",
	EINTR:        "EINTR, interrupted",
	EIO:          "EIO, input/output error",
	ENXIO:        "ENXIO, no such device or address",
	E2BIG:        "E2BIG, too much at once",
	EBADF:        "EBADF, bad file descriptor",
	ECHILD:       "ECHILD, child processes",
	EAGAIN:       "EAGAIN, try again",
	ENOMEM:       "ENOMEM, out of memory",
	EACCES:       "EACCES, permission denied",
	EFAULT:       "EFAULT, bad address",
	EBUSY:        "EBUSY, device or resource busy",
	EEXIST:       "EEXIST, file exists",
	EXDEV:        "EXDEV, invalid cross-device link",
	ENODEV:       "ENODEV, no such device",
	EINVAL:       "EINVAL, invalid argument",
	EFBIG:        "EFBIG, file too large",
	ENOSPC:       "ENOSPC, no space left",
	EROFS:        "EROFS, read-only",
	EMLINK:       "EMLINK, too many links",
	EDOM:         "EDOM, out of domain",
	ERANGE:       "ERANGE, out of range",
	ENAMETOOLONG: "ENAMETOOLONG, name too long",
	ENOSYS:       "ENOSYS, function not implemented",
	ENOTEMPTY:    "ENOTEMPTY, not empty",
	ENODATA:      "ENODATA, no data",
	EBADMSG:      "EBADMSG, bad message",
	EOVERFLOW:    "EOVERFLOW, value too large",
	EILSEQ:       "EILSEQ, illegal byte sequence",
	EOPNOTSUPP:   "EOPNOTSUPP, operation not supported",
	ENOTCONN:     "ENOTCONN, not connected",
	ESHUTDOWN:    "ESHUTDOWN, this client is blocklisted",
	ETIMEDOUT:    "ETIMEDOUT, timed out",
	EALREADY:     "EALREADY, already in progress",
	EINPROGRESS:  "EINPROGRESS, in progress",
	ESTALE:       "ESTALE, stale",
	EDQUOT:       "EDQUOT, quota exceeded",
	ECANCELED:    "ECANCELED, canceled",
}

// Error returns the number and its name, as in "-16 (EBUSY, device or resource busy)".
func (e Errno) Error() string {
	if name, ok := errnoNames[e]; ok {
		return fmt.Sprintf("-%d (%s)", int(e), name)
	}
	return fmt.Sprintf("-%d", int(e))
}

// Name returns the name alone, as in "EBUSY", or the number where it has none here.
func (e Errno) Name() string {
	name, _, _ := strings.Cut(errnoNames[e], ",")
	if name == "" {
		return fmt.Sprintf("errno %d", int(e))
	}
	return name
}

// errnoOf returns the number in err, zero if there is none.
func errnoOf(err error) Errno {
	var e Errno
	if errors.As(err, &e) {
		return e
	}
	return 0
}

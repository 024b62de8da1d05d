package ceph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// failed turns an error of the connection into a problem. what is the sentence that says what failed; status is the
// monitors' own sentence, if there is one. What only the caller can know (which refusal an EPERM stands for) is decided
// before this is called. It never answers NotFound: a number alone doesn't prove that an object is missing.
func (c *Cluster) failed(what, status string, err error) error {
	var known *problem.Problem
	if errors.As(err, &known) {
		if known.What == "" {
			named := *known
			named.What = what
			return &named
		}
		return known
	}
	p := &problem.Problem{What: what, Raw: rawReply(status, err), Unanswered: unanswered(err)}
	switch {
	case errors.Is(err, context.Canceled):
		p.Why, p.Raw = "The operation was interrupted. What was already under way may still be completed by the cluster.", ""
		return p
	case errors.Is(err, context.DeadlineExceeded):
		p.Kind, p.Raw = problem.Unreachable, ""
		p.Why = fmt.Sprintf("Cluster %q did not answer in time.", c.cfg.Label)
		p.Do = "Check that the monitors have a quorum and that the OSDs of the pool are up (ceph -s)." + c.mayLackOSDCaps() +
			" If the cluster is only slow, raise the resource's timeouts or the cluster's operation_timeout."
		return p
	}
	switch errnoOf(err) {
	case ETIMEDOUT:
		p.Kind = problem.Unreachable
		p.Why = fmt.Sprintf("Cluster %q did not answer within its operation_timeout of %s.", c.cfg.Label, c.cfg.OperationTimeout)
		p.Do = "Check that the monitors have a quorum, that a manager is active and that the OSDs of the pool are up (ceph -s)." +
			c.mayLackOSDCaps() + " If the cluster is only slow, raise its operation_timeout."
	case ENOTCONN:
		p.Kind = problem.Unreachable
		p.Why = fmt.Sprintf("The connection to cluster %q was lost.", c.cfg.Label)
		p.Do = "Apply again: a new connection is made."
	case ESHUTDOWN:
		p.Kind = problem.Unreachable
		p.Why = fmt.Sprintf("Cluster %q has put this client on its blocklist.", c.cfg.Label)
		p.Do = "Apply again, as a new client. If it happens again, look for this machine in: ceph osd blocklist ls."
	case EACCES, EPERM:
		p.Kind = problem.Denied
		p.Why = fmt.Sprintf("The caps of %s, the user that the provider connects with, don't allow this.", c.Entity())
		p.Do = fmt.Sprintf("Give it the caps that the documentation of this resource lists (ceph auth get %s shows the present ones), or"+
			" configure another user for this cluster.", problem.Word(c.Entity()))
	case EEXIST:
		p.Kind = problem.Exists
		p.Why = "An object of this name exists already."
		p.Do = "Choose another name, or remove or rename the other object first."
	case EBUSY:
		p.Kind = problem.Busy
		p.Why = "Something still uses it."
		p.Do = "Find out what does (the reply may name it), release it there, and apply again."
	case EINVAL:
		p.Kind = problem.Invalid
		p.Why = "The cluster does not accept a value."
		p.Do = "Correct the value that the reply names."
		for words, unknown := range map[string]string{"command not known": "command", "unrecognized variable": "setting"} {
			if strings.Contains(status, words) {
				p.Kind = problem.Unsupported
				p.Why = fmt.Sprintf("This release of Ceph does not know the %s.", unknown)
				p.Do = "Leave the setting out, or upgrade the cluster."
			}
		}
	case ERANGE, EDOM:
		p.Kind = problem.Invalid
		p.Why = "A value is outside of what the cluster allows."
		p.Do = "Choose a value within the limits; the reply may name them."
	case ENOSYS, EOPNOTSUPP:
		p.Kind = problem.Unsupported
		p.Why = "This release of Ceph, or this kind of pool, can't do it."
		p.Do = "Leave the setting out, or upgrade the cluster."
	case ENOSPC:
		p.Why = "The cluster is full."
		p.Do = "Free space, or add OSDs (ceph df and ceph health detail show what is full)."
	case EDQUOT:
		p.Why = "The pool's quota is used up."
		p.Do = "Free space in the pool, or raise its quota_max_bytes or quota_max_objects."
	case ENOENT, ENODATA, ENXIO, ENODEV:
		p.Why = "Something that this needs is not there: it was removed in this moment, or only a part of it is left."
		p.Do = "Apply again: the next plan shows what is there. If it stays, look for what the reply names."
	case ENOTEMPTY, ECHILD:
		p.Kind = problem.Refused
		p.Why = "It still holds something, or something depends on it."
		p.Do = "Find out what (rbd ls, rbd trash ls, rbd snap ls --all, rbd children --all), remove that first, and apply again."
	case EMLINK:
		p.Kind = problem.Refused
		p.Why = "The image is in a group."
		p.Do = "Take it out of the group (rbd group image rm GROUP IMAGE; rbd group ls lists the groups), then apply again."
	case EROFS:
		p.Kind = problem.Refused
		p.Why = "The image can only be read here: it is the copy of a mirrored image, somebody has put a lock on it by hand, or it has features" +
			" that the librbd on this machine does not know."
		p.Do = "See which with rbd info and rbd lock ls. Change a mirrored image where it is primary, remove a lock whose holder is gone (rbd" +
			" lock rm), or upgrade librbd1 on this machine."
	case EXDEV:
		p.Kind = problem.Invalid
		p.Why = "The two belong to different pools or namespaces, and this works within one only."
		p.Do = "Name both in the same pool and namespace."
	case ENAMETOOLONG:
		p.Kind = problem.Invalid
		p.Why = "A name is longer than Ceph allows."
		p.Do = "Choose a shorter name."
	case EFBIG, E2BIG, EOVERFLOW:
		p.Kind = problem.Invalid
		p.Why = "A value is larger than the cluster allows."
		p.Do = "Choose a smaller value; the reply may name the limit."
	case EAGAIN, EINTR, ECANCELED, ESTALE, EALREADY, EINPROGRESS:
		p.Kind = problem.Busy
		p.Why = "The cluster is in the middle of another change, and asks to try again later."
		p.Do = "Wait until ceph -s shows no more of it, then apply again."
	case EIO, EBADMSG, EILSEQ, EFAULT, EBADF:
		p.Why = "Something could be read only in part, or not understood: a damaged object, or one that a newer release of Ceph has written."
		p.Do = "Look at ceph health detail and the logs of the OSDs. If the cluster is newer than librados2 and librbd1 on this machine," +
			" upgrade those."
	case ENOMEM:
		p.Why = "This machine, or the daemon that was asked, is out of memory."
		p.Do = "Free memory, then apply again."
	case 0: // not the cluster's answer, and in its own words
	default:
		p.Why = "The cluster answered with an error that has no explanation here."
		p.Do = "Look for the reply in the cluster's log (ceph log last) and in its health (ceph -s), then apply again."
	}
	return p
}

// mayLackOSDCaps names a cause of silence that can't be told from the others: the OSDs of newer releases (18.2 was seen to, 16.2 not) leave
// a user that has no caps for OSDs at all without an answer, instead of refusing.
func (c *Cluster) mayLackOSDCaps() string {
	return fmt.Sprintf(" Check that %s, the user that the provider connects with, has caps for OSDs (ceph auth get %s): without any, newer"+
		" releases of Ceph don't answer.", c.Entity(), problem.Word(c.Entity()))
}

// replaceWhat lets the error of a shared reading, which tells in general what failed, begin with what the caller wanted.
func replaceWhat(err error, general, what string) error {
	var p *problem.Problem
	if errors.As(err, &p) && p.What == general {
		p.What = what
	}
	return err
}

func rawReply(status string, err error) string {
	if status == "" {
		return err.Error()
	}
	return fmt.Sprintf("%s, %s", err.Error(), status)
}

// notThere is the error of an object that a complete listing of its kind, with these names in their order, does not have. Without any name
// it says that there is none.
func notThere(what, none, these string, names []string, do string) error {
	p := &problem.Problem{Kind: problem.NotFound, What: what, Why: none, Do: do}
	if len(names) > 0 {
		quoted := make([]string, len(names))
		for i, name := range names {
			quoted[i] = strconv.Quote(name)
		}
		p.Why = fmt.Sprintf("%s %s.", these, strings.Join(firstOf(quoted, 20), ", "))
	}
	return p
}

// firstOf shortens a list for a message.
func firstOf(names []string, limit int) []string {
	if len(names) <= limit {
		return names
	}
	rest := fmt.Sprintf("and %d more", len(names)-limit)
	return append(append(make([]string, 0, limit+1), names[:limit]...), rest)
}

// counted is a number of things with the first names; empty for none.
func counted(names []string, one, many string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		many = one
	}
	return fmt.Sprintf("%d %s (%s)", len(names), many, strings.Join(firstOf(names, 5), ", "))
}

// inWords joins what there is, or says that there is nothing.
func inWords(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, "; ")
}

// exists is the problem of a create whose object is there already. why tells of it; noun, resourceType and id are as of importInstead.
func (c *Cluster) exists(what, why, noun, resourceType, id string) *problem.Problem {
	return &problem.Problem{Kind: problem.Exists, What: what, Why: why, Do: c.importInstead(noun, resourceType, id)}
}

// importInstead says what to do where what is to be created is there already; id is without the cluster.
func (c *Cluster) importInstead(noun, resourceType, id string) string {
	return fmt.Sprintf("To manage that %s, import it: terraform import %s.NAME %s. Otherwise choose another name.", noun, resourceType,
		problem.Word(c.cfg.Label+"/"+id))
}

package libvirt

import (
	"context"
	"errors"
	"fmt"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Job is what libvirt does with a running domain or one of its disks for somebody else. Until it ends, changes are refused.
type Job struct {
	// Name is what libvirt does: block copy, backup, migration.
	Name string
	// Target is the disk that it works on (vdb); empty for a job of the whole domain, during which nothing of it can be changed.
	Target string
	// Rewrites means that the end of the job may put another source into the saved definition.
	Rewrites bool
}

var blockJobs = map[rpc.DomainBlockJobType]Job{
	rpc.DomainBlockJobTypePull:         {Name: "block pull"},
	rpc.DomainBlockJobTypeCopy:         {Name: "block copy", Rewrites: true},
	rpc.DomainBlockJobTypeCommit:       {Name: "block commit", Rewrites: true},
	rpc.DomainBlockJobTypeActiveCommit: {Name: "block commit", Rewrites: true},
	rpc.DomainBlockJobTypeBackup:       {Name: "backup"},
}

// A backup is none of these: it holds only the disks that it reads, each by a block job.
var domainJobs = map[rpc.DomainJobOperation]string{
	rpc.DomainJobOperationStrSave:           "save",
	rpc.DomainJobOperationStrRestore:        "restore",
	rpc.DomainJobOperationStrMigrationIn:    "migration",
	rpc.DomainJobOperationStrMigrationOut:   "migration",
	rpc.DomainJobOperationStrSnapshot:       "snapshot",
	rpc.DomainJobOperationStrSnapshotRevert: "revert to a snapshot",
	rpc.DomainJobOperationStrDump:           "dump",
	rpc.DomainJobOperationStrSnapshotDelete: "deletion of a snapshot",
}

// Job finds the job that holds a running domain, or the disk at a target (which may be empty) in it; nil where there is none.
//
// Similar to: virsh domjobinfo DOMAIN; virsh blockjob DOMAIN TARGET.
func (h *Host) Job(ctx context.Context, domainUUID, target string) (*Job, error) {
	op := operation{doing: fmt.Sprintf("ask for jobs of domain %s", domainUUID), absent: rpc.ErrNoDomain}
	found, err := h.domainByUUID(ctx, op, domainUUID)
	if err != nil {
		return nil, err
	}
	if job, err := h.domainJob(ctx, op, found); job != nil || err != nil || target == "" {
		return job, err
	}
	return read(ctx, h, op, onDisk("DomainGetBlockJobInfo", found.Name, target), func(l *rpc.Libvirt) (*Job, error) {
		there, kind, _, _, _, err := l.DomainGetBlockJobInfo(found, target, 0)
		if err != nil || there == 0 {
			// A disk that isn't there has no job, and a domain that was shut off meanwhile neither.
			return nil, unless(err, rpc.ErrInvalidArg, rpc.ErrOperationInvalid, rpc.ErrNoSupport)
		}
		job, known := blockJobs[rpc.DomainBlockJobType(kind)]
		if !known {
			job = Job{Name: "block job", Rewrites: true}
		}
		job.Target = target
		return &job, nil
	})
}

func (h *Host) domainJob(ctx context.Context, op operation, found rpc.Domain) (*Job, error) {
	return read(ctx, h, op, onDomain("DomainGetJobStats", found.Name), func(l *rpc.Libvirt) (*Job, error) { return jobOf(l, found) })
}

// jobOf is the job that holds a whole domain.
func jobOf(l *rpc.Libvirt, found rpc.Domain) (*Job, error) {
	kind, params, err := l.DomainGetJobStats(found, 0)
	if err != nil || kind != int32(rpc.DomainJobBounded) && kind != int32(rpc.DomainJobUnbounded) {
		return nil, unless(err, rpc.ErrOperationInvalid, rpc.ErrNoSupport, rpc.ErrOperationUnsupported)
	}
	for _, p := range params {
		operation, ok := p.Value.I.(int32)
		if name := domainJobs[rpc.DomainJobOperation(operation)]; ok && p.Field == "operation" && name != "" {
			return &Job{Name: name}, nil
		}
	}
	return nil, nil
}

// unless is the error, but for those of the daemon with these codes.
func unless(err error, codes ...rpc.ErrorNumber) error {
	for _, c := range codes {
		if code(err) == c || c == rpc.ErrNoSupport && errors.Is(err, rpc.ErrUnsupported) {
			return nil
		}
	}
	return err
}

// heldByJob refuses a change during a job, before anything was changed: problem.Refused.
func (h *Host) heldByJob(domain string, job Job) error {
	name := problem.Word(domain)
	p := &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("A job holds domain %q on hypervisor %q: %s.", domain, h.Label(), job.Name),
		Why:  "Until it has ended libvirt lets nobody change the domain. Nothing was changed.",
		Do: fmt.Sprintf("Wait until it has ended (virsh domjobinfo %s shows it, virsh domjobabort %s ends it), then apply again.",
			name, name),
	}
	if job.Target == "" {
		return p
	}
	p.What = fmt.Sprintf("A job holds disk %s of domain %q on hypervisor %q: %s.", job.Target, domain, h.Label(), job.Name)
	p.Why = "Until it has ended the running guest can't give the disk up, and QEMU can't resize it. Nothing was changed in the domain."
	p.Do = fmt.Sprintf("Wait until it has ended (virsh blockjob %s %s shows it), then apply again.", name, job.Target)
	switch {
	case job.Name == "backup":
		p.Do += fmt.Sprintf(" virsh domjobabort %s ends it.", name)
	case job.Rewrites:
		p.Why = "Until it has ended the running guest can't give the disk up, QEMU can't resize it, and its end rewrites the disk's source in" +
			" the saved definition. Nothing was changed in the domain."
		p.Do += fmt.Sprintf(" That of an apply with on_source_change = \"live_copy\" that was cut off is ended by the same configuration,"+
			" applied again. Any other copy doesn't end by itself: virsh blockjob %s %s --abort or --pivot ends it.", name, job.Target)
	}
	return p
}

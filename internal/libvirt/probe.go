package libvirt

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	rpc "github.com/digitalocean/go-libvirt"
	"github.com/google/uuid"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/grace"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

const (
	// probeLimit is how long a host gets to open an image. A healthy one takes less than a second; QEMU itself would wait for
	// five minutes.
	probeLimit = 30 * time.Second
	// decryptLimit is the same for an encrypted image: the key is derived from the passphrase, which takes seconds of all cores by
	// design (argon2id), twice where the passphrase is wrong, and many times that on a busy host.
	decryptLimit = 2 * time.Minute
	// probeEnd is how long it may take to end a probe; the operator may have pressed Ctrl-C already.
	probeEnd = 10 * time.Second
)

// ProbeDisk finds out whether a host can open an image, without touching a guest: it starts a domain like the given one,
// paused, transient, with 4 MiB of memory and just that disk, and destroys it again. An attach that can't open its image
// stops the guest's CPUs until QEMU gives up. Probes left over from killed runs are destroyed first. The image has one more
// watcher while the probe exists.
//
// Where the host doesn't open the image in time, or the context ends, that is problem.Unreachable; a refusal by QEMU is
// problem.Refused, with its reply.
//
// Similar to: virsh create --paused; virsh destroy.
func (h *Host) ProbeDisk(ctx context.Context, like Domain, disk Disk) error {
	op := operation{doing: fmt.Sprintf("open the image of disk %s", disk.Target), advice: probeAdvice}
	if err := h.clearProbes(ctx, time.Now()); err != nil {
		return err
	}
	limit := min(openLimit(disk), h.config.OperationTimeout)
	id := uuid.New()
	text, err := probeXML(id, like, disk, probeMark{Until: time.Now().Add(limit + probeEnd).UTC().Format(time.RFC3339), Owner: thisProcess()})
	if err != nil {
		return h.fail(op, err)
	}
	probing, cancel := context.WithTimeoutCause(ctx, limit, timeLimit(limit))
	defer cancel()

	// The call itself gets more time: it returns with its error as soon as the probe is destroyed, and until then the
	// connection is in use, not given up.
	op.limit = limit + probeEnd
	calling, done := grace.Context(ctx, op.limit)
	call := onDisk("DomainCreateXML", probePrefix+id.String(), disk.Target)
	started := make(chan struct{})
	go func() {
		defer close(started)
		defer done()
		_, err = change(calling, h, op, call, func(l *rpc.Libvirt) (rpc.Domain, error) {
			// AUTODESTROY: the daemon ends the probe when this process dies and its connection with it.
			return l.DomainCreateXML(text, rpc.DomainStartPaused|rpc.DomainStartAutodestroy)
		})
	}()
	select {
	case <-started:
		if err == nil {
			return h.endProbe(ctx, id, nil)
		}
		return notAttached(err)
	case <-probing.Done():
		_ = h.endProbe(ctx, id, started)
		return h.probeTimedOut(ctx, op, disk, context.Cause(probing))
	}
}

// openLimit is how long a host gets to open the image of a disk.
func openLimit(disk Disk) time.Duration {
	if disk.Encryption.Format != "" {
		return decryptLimit
	}
	return probeLimit
}

// endProbe destroys a probe, even when the operator's context has ended. While it is still being started it may not be
// visible yet: started tells when that is over.
func (h *Host) endProbe(ctx context.Context, id uuid.UUID, started <-chan struct{}) error {
	ctx, cancel := grace.Context(ctx, probeEnd)
	defer cancel()
	op := operation{doing: fmt.Sprintf("end the probe %s%s", probePrefix, id)}
	for {
		_, err := repeat(ctx, h, op, changing(onDomain("DomainDestroyFlags", probePrefix+id.String())), nothing(func(l *rpc.Libvirt) error {
			found, err := l.DomainLookupByUUID(rpc.UUID(id))
			if err != nil {
				return err
			}
			// A QEMU that runs can close the image, which takes its watcher away at once; one that still waits for the
			// monitors can only be killed.
			if started == nil && l.DomainDestroyFlags(found, rpc.DomainDestroyGraceful) == nil {
				return nil
			}
			return l.DomainDestroyFlags(found, rpc.DomainDestroyDefault)
		}))
		// A probe may have ended by itself.
		if err != nil && code(err) != rpc.ErrNoDomain && code(err) != rpc.ErrOperationInvalid {
			return h.fail(op, err)
		}
		if started == nil {
			return nil
		}
		select {
		case <-started:
			// One that was started in this moment is found now.
			started = nil
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return h.fail(op, context.Cause(ctx))
		}
	}
}

// clearProbes destroys probes whose run was killed, or whose time is over. Those of runs that still run stay.
func (h *Host) clearProbes(ctx context.Context, now time.Time) error {
	list, err := h.listDomains(ctx, rpc.ConnectListDomainsActive|rpc.ConnectListDomainsTransient)
	if err != nil {
		return err
	}
	for _, found := range list {
		if !strings.HasPrefix(found.Name, probePrefix) {
			continue
		}
		op := operation{doing: fmt.Sprintf("clear away the probe %s of an earlier run", found.Name), absent: rpc.ErrNoDomain}
		definition, err := h.definition(ctx, op, found, 0)
		if err == nil && probeLeftOver(definition.doc, now) {
			_, err = change(ctx, h, op, onDomain("DomainDestroyFlags", found.Name), nothing(func(l *rpc.Libvirt) error {
				return l.DomainDestroyFlags(found, 0)
			}))
		}
		// It may have ended by itself, or by another run, between the list and the call.
		if err != nil && !problem.Is(err, problem.NotFound) && !problem.Is(err, problem.Busy) {
			return err
		}
	}
	return nil
}

// probeTimedOut is the error of a probe that did not open its image in time.
func (h *Host) probeTimedOut(ctx context.Context, op operation, disk Disk, cause error) error {
	if ctx.Err() != nil {
		cause = context.Cause(ctx)
	}
	why := "From this host the cluster's monitors did not answer, or they refuse the user's key: librbd waits without an error for both."
	if disk.Encryption.Format != "" {
		why += " Or the host is too busy to derive the image's key from its passphrase in that time."
	}
	return &problem.Problem{
		Kind: problem.Unreachable,
		What: fmt.Sprintf("Could not %s on %s: it was not opened in time.", op.doing, h.name()),
		Why:  why + " No guest was touched.",
		Do: fmt.Sprintf("On the host itself, check that the monitors (%s) can be reached, that user %q has the key that the secret holds, and"+
			" that no other cluster's /etc/ceph/ceph.conf gets in the way (config_file).", hostsOf(disk), cmp.Or(disk.User, "admin")),
		Raw: cause.Error(),
	}
}

var probeAdvice = map[rpc.ErrorNumber]meaning{
	rpc.ErrInternalError:   openingRefused,
	rpc.ErrOperationFailed: openingRefused,
}

var openingRefused = meaning{
	problem.Refused, "QEMU on this host could not open the image.",
	"Change what the reply names, then apply again. What QEMU wrote is in the log of the probe on the host (/var/log/libvirt/qemu).",
}

// notAttached adds to the refusal of a probe that nothing was changed.
func notAttached(err error) error {
	if problem.Is(err, problem.Unreachable) {
		return err
	}
	return problem.Amend(err, func(p *problem.Problem) {
		p.Why = strings.TrimSpace(p.Why + " The disk was not attached. No guest was touched.")
	})
}

func hostsOf(disk Disk) string {
	if len(disk.Monitors) == 0 {
		return "those of the host's own ceph.conf"
	}
	var names []string
	for _, monitor := range disk.Monitors {
		name := monitor.Host
		if monitor.Port != 0 {
			name += fmt.Sprintf(" port %d", monitor.Port)
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

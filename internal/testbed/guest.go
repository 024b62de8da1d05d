package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// consoleFolder is in a hypervisor's folder, and holds the sockets and logs of its guests' serial consoles.
const consoleFolder = "console"

// bootTimeout limits a guest's boot, and guestTimeout one exchange with it, when the context has no deadline.
const (
	bootTimeout  = 5 * time.Minute
	guestTimeout = 3 * time.Minute
)

// GuestOptions describes a guest.
type GuestOptions struct {
	Name       string
	UUID       string // default: a new one
	Machine    string // q35 (default) or pc
	MemoryMiB  int    // default 192
	SparePorts int    // q35: how many disks can be plugged in while it runs; default 10, negative for none
	// SCSI gives the guest a controller for disks on bus scsi.
	SCSI bool
	// NoDrivers makes a guest that ignores what is plugged in or out: a detach never completes, and it sees no disk.
	NoDrivers bool
	// Transient makes a guest without a saved definition: it exists only while it runs.
	Transient bool
	// Paused starts the guest suspended, before its first instruction.
	Paused bool
}

// Guest is a domain that reports on its serial console which disks it sees.
type Guest struct {
	Name string
	UUID string

	hypervisor *Hypervisor
	options    GuestOptions
	definition string // what a transient guest is created from

	mu sync.Mutex // one exchange over the console at a time
}

// DefineGuest defines a guest without any disk; Start starts it. Similar to: virsh define.
func (h *Hypervisor) DefineGuest(ctx context.Context, options GuestOptions) (*Guest, error) {
	if options.Machine == "" {
		options.Machine = "q35"
	}
	if options.MemoryMiB == 0 {
		options.MemoryMiB = defaultMemoryMiB
	}
	if options.SparePorts == 0 {
		options.SparePorts = defaultSparePorts
	}
	if options.SparePorts < 0 {
		options.SparePorts = 0
	}
	if options.UUID == "" {
		options.UUID = uuid.NewString()
	}
	g := &Guest{Name: options.Name, UUID: options.UUID, hypervisor: h, options: options}
	if len(g.socket()) > maxSocketPath {
		return nil, fmt.Errorf("the name %s is too long for a guest of this testbed: its console's socket couldn't be reached", options.Name)
	}
	kernel, initramfs, err := bootFiles(ctx, h.dir)
	if err != nil {
		return nil, err
	}
	g.definition, err = options.domain(g.UUID, kernel, initramfs, g.socket(), g.log()).Marshal()
	if err != nil {
		return nil, err
	}
	if options.Transient {
		return g, nil
	}
	if _, err := h.VirshIn(ctx, g.definition, "define", "/dev/stdin"); err != nil {
		return nil, err
	}
	return g, nil
}

// Guest returns a persistent guest that exists already, such as one that another process defined.
func (h *Hypervisor) Guest(ctx context.Context, name string) (*Guest, error) {
	id, err := h.Virsh(ctx, "domuuid", name)
	if err != nil {
		return nil, err
	}
	return &Guest{Name: name, UUID: strings.TrimSpace(id), hypervisor: h, options: GuestOptions{Name: name}}, nil
}

func (g *Guest) socket() string { return g.hypervisor.path(consoleFolder, g.Name+".sock") }
func (g *Guest) log() string    { return g.hypervisor.path(consoleFolder, g.Name+".log") }

// Start starts the guest and returns when it is up; a paused one at once. Similar to: virsh start.
func (g *Guest) Start(ctx context.Context) error {
	arguments, stdin := []string{"start", g.Name}, ""
	if g.options.Transient {
		arguments, stdin = []string{"create", "/dev/stdin"}, g.definition
	}
	if g.options.Paused {
		arguments = append(arguments, "--paused")
	}
	if _, err := g.hypervisor.VirshIn(ctx, stdin, arguments...); err != nil {
		return err
	}
	if g.options.Paused {
		return nil
	}
	return g.WaitReady(ctx)
}

// WaitReady returns when a guest that was started has booted.
func (g *Guest) WaitReady(ctx context.Context) error {
	ctx, cancel := bounded(ctx, bootTimeout)
	defer cancel()
	err := poll(ctx, "waiting for the guest "+g.Name, func() (bool, error) {
		return strings.Contains(g.ConsoleLog(), "guest: ready"), nil
	})
	if err != nil {
		return fmt.Errorf("%w; its console: %s", err, logTail(g.log()))
	}
	return nil
}

// Resume continues a suspended guest. Similar to: virsh resume.
func (g *Guest) Resume(ctx context.Context) error {
	_, err := g.hypervisor.Virsh(ctx, "resume", g.Name)
	return err
}

// Suspend stops the guest's processor. Similar to: virsh suspend.
func (g *Guest) Suspend(ctx context.Context) error {
	_, err := g.hypervisor.Virsh(ctx, "suspend", g.Name)
	return err
}

// Shutdown lets the guest power itself off and returns when it is off.
func (g *Guest) Shutdown(ctx context.Context) error {
	ctx, cancel := bounded(ctx, guestTimeout)
	defer cancel()
	// The guest answers before it is off.
	if _, err := g.Run(ctx, "(sleep 0.2; sync; poweroff -f) >/dev/null 2>&1 &"); err != nil {
		return err
	}
	return poll(ctx, "waiting for the shutdown of the guest "+g.Name, func() (bool, error) {
		running, err := g.hypervisor.Virsh(ctx, "list", "--name")
		for line := range strings.Lines(running) {
			if strings.TrimSpace(line) == g.Name {
				return false, err
			}
		}
		return err == nil, err
	})
}

// Destroy switches the guest off at once. Similar to: virsh destroy.
func (g *Guest) Destroy(ctx context.Context) error {
	_, err := g.hypervisor.Virsh(ctx, "destroy", g.Name)
	return err
}

// Signal sends a signal to the guest's QEMU, as to stop its process or to end it as a crash would. Similar to: kill -SIGNAL.
func (g *Guest) Signal(signal syscall.Signal) error {
	content, err := os.ReadFile(g.hypervisor.path("run", "libvirt", "qemu", "run", g.Name+".pid"))
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return err
	}
	return syscall.Kill(pid, signal)
}

// Undefine removes the saved definition. Similar to: virsh undefine.
func (g *Guest) Undefine(ctx context.Context) error {
	_, err := g.hypervisor.Virsh(ctx, "undefine", g.Name)
	return err
}

// ConsoleLog returns what the guest has written to its serial console since its start.
func (g *Guest) ConsoleLog() string {
	content, err := os.ReadFile(g.log())
	if errors.Is(err, os.ErrNotExist) {
		return ""
	}
	if err != nil {
		return err.Error()
	}
	return string(content)
}

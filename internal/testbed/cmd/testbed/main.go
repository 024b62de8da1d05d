// The command testbed starts throwaway Ceph clusters, hypervisors and guests on this machine, to play with the provider by
// hand. Everything lives under one folder and is gone after "testbed down".
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const usage = `usage: testbed COMMAND [FLAGS]

  up       start a bed and leave it running; prints how to use it (up -help lists the flags)
  status   tell how to use the bed that runs (-json for programs)
  disks    HYPERVISOR/GUEST  show the disks that a running guest sees, and how they start
  console  HYPERVISOR/GUEST  show what a guest has written to its serial console
  down     end the bed and remove its folder
  missing  list what this machine lacks for a bed; nothing when it has everything

Where more than one bed runs, status, disks, console and down need -dir.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "testbed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, output io.Writer) error {
	if len(arguments) == 0 {
		return fmt.Errorf("no command given; %s", strings.TrimSpace(usage))
	}
	commands := map[string]func(context.Context, []string, io.Writer) error{
		"up": up, "status": status, "disks": disks, "console": console, "down": down, "missing": missing,
	}
	command, ok := commands[arguments[0]]
	if !ok {
		return fmt.Errorf("there is no command %q; %s", arguments[0], strings.TrimSpace(usage))
	}
	return command(ctx, arguments[1:], output)
}

// list is a flag that can be given several times, or once with commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(text string) error {
	for _, value := range strings.Split(text, ",") {
		if value != "" {
			*l = append(*l, value)
		}
	}
	return nil
}

func up(ctx context.Context, arguments []string, output io.Writer) error {
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	var clusters, hypervisors, guests list
	dir := flags.String("dir", "", "folder for everything of the bed; empty or not there yet (default a fresh one under /tmp)")
	flags.Var(&clusters, "clusters", "names of the Ceph clusters (default east,west)")
	flags.Var(&hypervisors, "hypervisors", "names of the hypervisors (default kvm1,kvm2)")
	flags.Var(&guests, "guest", "HYPERVISOR/NAME of a guest to start, any number of times")
	machine := flags.String("machine", "q35", "the guests' machine type, q35 or pc")
	monitors := flags.Int("monitors", 1, "monitors of each cluster")
	osds := flags.Int("osds", 1, "OSDs of each cluster; pools keep as many copies")
	store := flags.String("store", string(testbed.MemStore), "memstore or bluestore")
	defaultPorts := flags.Bool("default-ports", true, "monitors listen on 3300 and 6789; otherwise on free odd ports")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	options := testbed.Options{Dir: *dir, Hypervisors: hypervisors, KeepRunning: true}
	if len(clusters) == 0 {
		clusters = list{"east", "west"}
	}
	for _, name := range clusters {
		options.Clusters = append(options.Clusters, testbed.ClusterOptions{
			Name: name, Monitors: *monitors, OSDs: *osds, Store: testbed.Store(*store), DefaultPorts: *defaultPorts,
		})
	}
	bed, err := testbed.Start(ctx, options)
	if err != nil {
		return err
	}
	for _, path := range guests {
		if err := startGuest(ctx, bed, path, *machine); err != nil {
			return errors.Join(err, bed.Stop())
		}
	}
	describe(bed, output)
	return nil
}

func startGuest(ctx context.Context, bed *testbed.Bed, path, machine string) error {
	hypervisor, name, err := hypervisorOf(bed, path)
	if err != nil {
		return err
	}
	guest, err := hypervisor.DefineGuest(ctx, testbed.GuestOptions{Name: name, Machine: machine})
	if err != nil {
		return err
	}
	return guest.Start(ctx)
}

func hypervisorOf(bed *testbed.Bed, path string) (*testbed.Hypervisor, string, error) {
	label, name, ok := strings.Cut(path, "/")
	if !ok {
		return nil, "", fmt.Errorf("%q isn't of the form HYPERVISOR/GUEST", path)
	}
	for _, h := range bed.Hypervisors() {
		if h.Name == label {
			return h, name, nil
		}
	}
	return nil, "", fmt.Errorf("the testbed has no hypervisor %q", label)
}

func describe(bed *testbed.Bed, output io.Writer) {
	fmt.Fprintf(output, "The testbed runs in %s\n", bed.Dir)
	for _, c := range bed.Clusters() {
		fmt.Fprintf(output, "\nCeph cluster %s, fsid %s, mon_host %s\n  ceph -c %s status\n  rbd -c %s ls POOL\n", c.Name, c.FSID, c.MonHost,
			c.ConfigFile, c.ConfigFile)
	}
	for _, h := range bed.Hypervisors() {
		fmt.Fprintf(output, "\nHypervisor %s, host_uuid %s\n  virsh -c '%s' list --all\n", h.Name, h.UUID, h.URI)
	}
	fmt.Fprintf(output, "\nEnd it with: testbed down -dir %s\n", bed.Dir)
}

// open parses the flags of a command for a bed that runs, and returns that bed and what is left of the arguments.
func open(flags *flag.FlagSet, arguments []string) (*testbed.Bed, []string, error) {
	dir := flags.String("dir", "", "the bed's folder (default the only bed that runs)")
	if err := flags.Parse(arguments); err != nil {
		return nil, nil, err
	}
	if *dir == "" {
		running, err := testbed.Running()
		if err != nil {
			return nil, nil, err
		}
		switch len(running) {
		case 0:
			return nil, nil, errors.New("no testbed runs on this machine")
		case 1:
			*dir = running[0]
		default:
			return nil, nil, fmt.Errorf("several testbeds run, choose one with -dir: %s", strings.Join(running, ", "))
		}
	}
	bed, err := testbed.Open(*dir)
	return bed, flags.Args(), err
}

func status(_ context.Context, arguments []string, output io.Writer) error {
	flags := flag.NewFlagSet("status", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "print JSON, without any key")
	bed, _, err := open(flags, arguments)
	if err != nil {
		return err
	}
	if *asJSON {
		encoder := json.NewEncoder(output)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"Dir": bed.Dir, "Clusters": bed.Clusters(), "Hypervisors": bed.Hypervisors()})
	}
	describe(bed, output)
	return nil
}

func guestOf(ctx context.Context, name string, arguments []string) (*testbed.Guest, error) {
	bed, rest, err := open(flag.NewFlagSet(name, flag.ContinueOnError), arguments)
	if err != nil {
		return nil, err
	}
	if len(rest) != 1 {
		return nil, fmt.Errorf("%s needs one HYPERVISOR/GUEST", name)
	}
	hypervisor, guest, err := hypervisorOf(bed, rest[0])
	if err != nil {
		return nil, err
	}
	return hypervisor.Guest(ctx, guest)
}

func disks(ctx context.Context, arguments []string, output io.Writer) error {
	guest, err := guestOf(ctx, "disks", arguments)
	if err != nil {
		return err
	}
	found, err := guest.Disks(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(output, "The guest %s sees %d disks\n", guest.Name, len(found))
	for _, disk := range found {
		fmt.Fprintf(output, "  %s  %d bytes  serial %q  starts with %q\n", disk.Name, disk.Bytes, disk.Serial, disk.Head)
	}
	return nil
}

func console(ctx context.Context, arguments []string, output io.Writer) error {
	guest, err := guestOf(ctx, "console", arguments)
	if err != nil {
		return err
	}
	_, err = io.WriteString(output, guest.ConsoleLog())
	return err
}

func down(_ context.Context, arguments []string, output io.Writer) error {
	bed, _, err := open(flag.NewFlagSet("down", flag.ContinueOnError), arguments)
	if err != nil {
		return err
	}
	if err := bed.Stop(); err != nil {
		return err
	}
	fmt.Fprintf(output, "The testbed in %s is gone\n", bed.Dir)
	return nil
}

func missing(_ context.Context, _ []string, output io.Writer) error {
	for _, line := range testbed.Missing() {
		fmt.Fprintln(output, line)
	}
	return nil
}

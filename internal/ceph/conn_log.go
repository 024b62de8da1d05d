package ceph

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/calllog"
)

// loggedConn tells each call of a connection to the log.
type loggedConn struct {
	Conn

	log calllog.Logger
}

// tell begins a line; what it returns is called with the call's error when the call is over.
func (l loggedConn) tell(ctx context.Context, change bool, name string, object calllog.Object) func(*error) {
	end := l.log.Start(ctx, calllog.Call{Name: name, Change: change, Object: object})
	return func(err *error) { end(refusalOf(*err)) }
}

func (l loggedConn) change(ctx context.Context, name string, object calllog.Object) func(*error) {
	return l.tell(ctx, true, name, object)
}

func (l loggedConn) read(ctx context.Context, name string, object calllog.Object) func(*error) {
	return l.tell(ctx, false, name, object)
}

// refusalOf is an error as the log tells it.
func refusalOf(err error) string {
	if errno := errnoOf(err); errno != 0 {
		return errno.Name()
	}
	return calllog.Refusal(err)
}

// loggedCommand is what the log may tell of a monitor or manager command. What has no field here is not even decoded.
type loggedCommand struct {
	Prefix string `json:"prefix"`
	Pool   string `json:"pool"`
	From   string `json:"srcpool"`
	To     string `json:"destpool"`
	Entity string `json:"entity"`
	Var    string `json:"var"`
	Field  string `json:"field"`
	App    string `json:"app"`
	Name   string `json:"name"`
	Source string `json:"srcname"` // of a CRUSH rule, as Name
	Dest   string `json:"dstname"`
	Value  string `json:"val"` // told of a pool's settings alone
}

// command tells a command by its JSON text.
func (l loggedConn) command(ctx context.Context, monitor string, text []byte) func(*error) {
	if !l.log.Enabled(ctx, true) { // decoding costs something
		return func(*error) {}
	}
	var cmd loggedCommand
	if err := json.Unmarshal(text, &cmd); err != nil {
		cmd = loggedCommand{Prefix: "(a command)"}
	}
	object := calllog.Object{
		Pool: cmd.Pool + cmd.From, NewName: cmd.To, Entity: cmd.Entity, Variable: cmd.Var + cmd.Field + cmd.App, Monitor: monitor,
	}
	switch {
	case strings.HasPrefix(cmd.Prefix, "osd pool set"):
		object.Value = cmd.Value
	case strings.HasPrefix(cmd.Prefix, "osd crush rule"):
		object.Rule, object.NewName = cmd.Name+cmd.Source, cmd.Dest
	case strings.HasPrefix(cmd.Prefix, "osd erasure-code-profile"):
		object.Profile = cmd.Name
	}
	return l.tell(ctx, !onlyReads(cmd.Prefix), cmd.Prefix, object)
}

// onlyReads tells by its last word whether a command changes nothing.
func onlyReads(prefix string) bool {
	switch prefix[strings.LastIndex(prefix, " ")+1:] {
	case "ls", "get", "get-quota", "dump", "tree", "map", "df", "version", "health", "sessions", "stat", "status":
		return true
	}
	return false
}

func (l loggedConn) MonCommand(ctx context.Context, command, input []byte) (reply []byte, status string, err error) {
	defer l.command(ctx, "", command)(&err)
	return l.Conn.MonCommand(ctx, command, input)
}

func (l loggedConn) MonCommandTo(ctx context.Context, monitor string, command []byte) (reply []byte, status string, err error) {
	defer l.command(ctx, monitor, command)(&err)
	return l.Conn.MonCommandTo(ctx, monitor, command)
}

func (l loggedConn) InitPool(ctx context.Context, pool string) (err error) {
	defer l.change(ctx, "rbd pool init", calllog.Object{Pool: pool})(&err)
	return l.Conn.InitPool(ctx, pool)
}

func (l loggedConn) PoolConfig(ctx context.Context, pool string) (_ map[string]string, err error) {
	defer l.read(ctx, "rbd config pool list", calllog.Object{Pool: pool})(&err)
	return l.Conn.PoolConfig(ctx, pool)
}

func (l loggedConn) SetPoolConfig(ctx context.Context, pool, name, value string) (err error) {
	defer l.change(ctx, "rbd config pool set", calllog.Object{Pool: pool, Variable: name, Value: value})(&err)
	return l.Conn.SetPoolConfig(ctx, pool, name, value)
}

func (l loggedConn) RemovePoolConfig(ctx context.Context, pool, name string) (err error) {
	defer l.change(ctx, "rbd config pool remove", calllog.Object{Pool: pool, Variable: name})(&err)
	return l.Conn.RemovePoolConfig(ctx, pool, name)
}

func (l loggedConn) PoolName(ctx context.Context, id int64) (_ string, err error) {
	defer l.read(ctx, "name of a pool", calllog.Object{})(&err)
	return l.Conn.PoolName(ctx, id)
}

func (l loggedConn) VisitObjects(ctx context.Context, pool string, visit func(namespace, object string) bool) (err error) {
	defer l.read(ctx, "rados ls", calllog.Object{Pool: pool})(&err)
	return l.Conn.VisitObjects(ctx, pool, visit)
}

func (l loggedConn) RemoveObject(ctx context.Context, pool, namespace, object string) (err error) {
	defer l.change(ctx, "rados rm", ofNamespace(pool, namespace))(&err)
	return l.Conn.RemoveObject(ctx, pool, namespace, object)
}

func (l loggedConn) Namespaces(ctx context.Context, pool string) (_ []string, err error) {
	defer l.read(ctx, "rbd namespace ls", calllog.Object{Pool: pool})(&err)
	return l.Conn.Namespaces(ctx, pool)
}

func (l loggedConn) CreateNamespace(ctx context.Context, pool, namespace string) (err error) {
	defer l.change(ctx, "rbd namespace create", ofNamespace(pool, namespace))(&err)
	return l.Conn.CreateNamespace(ctx, pool, namespace)
}

func (l loggedConn) RemoveNamespace(ctx context.Context, pool, namespace string) (err error) {
	defer l.change(ctx, "rbd namespace rm", ofNamespace(pool, namespace))(&err)
	return l.Conn.RemoveNamespace(ctx, pool, namespace)
}

func (l loggedConn) Images(ctx context.Context, pool, namespace string) (_ []ImageEntry, err error) {
	defer l.read(ctx, "rbd ls", ofNamespace(pool, namespace))(&err)
	return l.Conn.Images(ctx, pool, namespace)
}

func (l loggedConn) Trash(ctx context.Context, pool, namespace string) (_ []ImageEntry, err error) {
	defer l.read(ctx, "rbd trash ls", ofNamespace(pool, namespace))(&err)
	return l.Conn.Trash(ctx, pool, namespace)
}

func (l loggedConn) Groups(ctx context.Context, pool, namespace string) (_ []string, err error) {
	defer l.read(ctx, "rbd group ls", ofNamespace(pool, namespace))(&err)
	return l.Conn.Groups(ctx, pool, namespace)
}

func (l loggedConn) ImageName(ctx context.Context, pool, namespace, id string) (_ string, err error) {
	defer l.read(ctx, "name of an image", ofNamespace(pool, namespace))(&err)
	return l.Conn.ImageName(ctx, pool, namespace, id)
}

func (l loggedConn) ImageDataPools(ctx context.Context, pool, namespace string, ids []string) (_ map[string]int64, err error) {
	defer l.read(ctx, "data pools of images", ofNamespace(pool, namespace))(&err)
	return l.Conn.ImageDataPools(ctx, pool, namespace, ids)
}

func (l loggedConn) ImageHeaders(ctx context.Context, pool, namespace string, ids []string) (_ map[string]Image, err error) {
	name, object := "headers of images", ofNamespace(pool, namespace)
	if len(ids) == 1 {
		name, object.Image = "rbd info --image-id", ids[0]
	}
	defer l.read(ctx, name, object)(&err)
	return l.Conn.ImageHeaders(ctx, pool, namespace, ids)
}

func (l loggedConn) Image(ctx context.Context, ref ImageRef) (_ Image, err error) {
	defer l.read(ctx, "rbd info", ofImage(ref))(&err)
	return l.Conn.Image(ctx, ref)
}

func (l loggedConn) ImageAllocated(ctx context.Context, ref ImageRef, format string) (_ bool, err error) {
	defer l.read(ctx, "rbd diff", ofImage(ref))(&err)
	return l.Conn.ImageAllocated(ctx, ref, format)
}

func (l loggedConn) ImageContents(ctx context.Context, ref ImageRef, format string) (_ ImageContents, _ bool, err error) {
	defer l.read(ctx, "rbd children, rbd status, rbd diff", ofImage(ref))(&err)
	return l.Conn.ImageContents(ctx, ref, format)
}

func (l loggedConn) ImageRelations(ctx context.Context, ref ImageRef) (_ ImageRelations, err error) {
	defer l.read(ctx, "rbd children, rbd status", ofImage(ref))(&err)
	return l.Conn.ImageRelations(ctx, ref)
}

func (l loggedConn) ListedClones(
	ctx context.Context, pool, namespace string, parentPool int64, parent string, snapshot uint64,
) (_ []string, err error) {
	defer l.read(ctx, "rbd children", calllog.Object{Pool: pool, Namespace: namespace, Image: parent})(&err)
	return l.Conn.ListedClones(ctx, pool, namespace, parentPool, parent, snapshot)
}

func (l loggedConn) AttachedClones(ctx context.Context, pool, namespace string, ids []string) (_ []Clone, err error) {
	defer l.read(ctx, "rbd children", ofNamespace(pool, namespace))(&err)
	return l.Conn.AttachedClones(ctx, pool, namespace, ids)
}

func (l loggedConn) AllListedClones(ctx context.Context, pool, namespace string, parentPool int64) (_ []Clone, err error) {
	defer l.read(ctx, "rbd children", ofNamespace(pool, namespace))(&err)
	return l.Conn.AllListedClones(ctx, pool, namespace, parentPool)
}

func (l loggedConn) ImageMigration(ctx context.Context, pool, namespace, id string) (_ *Migration, err error) {
	defer l.read(ctx, "rbd migration status", ofNamespace(pool, namespace))(&err)
	return l.Conn.ImageMigration(ctx, pool, namespace, id)
}

func (l loggedConn) Watchers(ctx context.Context, ref ImageRef) (_ []Watcher, err error) {
	defer l.read(ctx, "rbd status", ofImage(ref))(&err)
	return l.Conn.Watchers(ctx, ref)
}

func (l loggedConn) ReadImage(ctx context.Context, ref ImageRef) (err error) {
	defer l.read(ctx, "rbd read", ofImage(ref))(&err)
	return l.Conn.ReadImage(ctx, ref)
}

func (l loggedConn) EncryptionHeader(ctx context.Context, ref ImageRef) (_ EncryptionHeader, err error) {
	defer l.read(ctx, "header of an encrypted image", ofImage(ref))(&err)
	return l.Conn.EncryptionHeader(ctx, ref)
}

func (l loggedConn) FormatImage(ctx context.Context, ref ImageRef, encryption Encryption) (err error) {
	defer l.change(ctx, "rbd encryption format", ofImage(ref))(&err)
	return l.Conn.FormatImage(ctx, ref, encryption)
}

func (l loggedConn) CreateImage(ctx context.Context, spec ImageSpec) (err error) {
	name := "rbd create"
	if spec.Parent != nil {
		name = "rbd clone"
	}
	defer l.change(ctx, name, ofImage(spec.ImageRef))(&err)
	return l.Conn.CreateImage(ctx, spec)
}

func (l loggedConn) ResizeImage(ctx context.Context, ref ImageRef, bytes uint64, allowShrink bool) (err error) {
	defer l.change(ctx, "rbd resize", ofImage(ref))(&err)
	return l.Conn.ResizeImage(ctx, ref, bytes, allowShrink)
}

func (l loggedConn) FlattenImage(ctx context.Context, ref ImageRef) (err error) {
	defer l.change(ctx, "rbd flatten", ofImage(ref))(&err)
	return l.Conn.FlattenImage(ctx, ref)
}

func (l loggedConn) RenameImage(ctx context.Context, ref ImageRef, name string) (err error) {
	defer l.change(ctx, "rbd rename", renamed(ref, name))(&err)
	return l.Conn.RenameImage(ctx, ref, name)
}

func (l loggedConn) SetImageFeatures(ctx context.Context, ref ImageRef, features []string, enabled bool) (err error) {
	defer l.change(ctx, "rbd feature "+enabling[enabled], ofImage(ref))(&err)
	return l.Conn.SetImageFeatures(ctx, ref, features, enabled)
}

func (l loggedConn) SetImageMetadata(ctx context.Context, ref ImageRef, set map[string]string, remove []string) (err error) {
	defer l.change(ctx, "rbd image-meta", ofImage(ref))(&err)
	return l.Conn.SetImageMetadata(ctx, ref, set, remove)
}

func (l loggedConn) Snapshots(ctx context.Context, ref ImageRef) (_ ImageSnapshots, err error) {
	defer l.read(ctx, "rbd snap ls --all", ofImage(ref))(&err)
	return l.Conn.Snapshots(ctx, ref)
}

func (l loggedConn) SnapshotsByID(ctx context.Context, pool, namespace, id string) (_ ImageSnapshots, err error) {
	defer l.read(ctx, "rbd snap ls --all", ofNamespace(pool, namespace))(&err)
	return l.Conn.SnapshotsByID(ctx, pool, namespace, id)
}

func (l loggedConn) CreateSnapshot(ctx context.Context, ref ImageRef, name string) (err error) {
	defer l.change(ctx, "rbd snap create", ofSnapshot(ref, name))(&err)
	return l.Conn.CreateSnapshot(ctx, ref, name)
}

func (l loggedConn) RenameSnapshot(ctx context.Context, ref ImageRef, from, to string) (err error) {
	object := ofSnapshot(ref, from)
	object.NewName = to
	defer l.change(ctx, "rbd snap rename", object)(&err)
	return l.Conn.RenameSnapshot(ctx, ref, from, to)
}

func (l loggedConn) ProtectSnapshot(ctx context.Context, ref ImageRef, name string, protected bool) (err error) {
	defer l.change(ctx, "rbd snap "+protecting[protected], ofSnapshot(ref, name))(&err)
	return l.Conn.ProtectSnapshot(ctx, ref, name, protected)
}

func (l loggedConn) RemoveSnapshot(ctx context.Context, ref ImageRef, name string) (err error) {
	defer l.change(ctx, "rbd snap rm", ofSnapshot(ref, name))(&err)
	return l.Conn.RemoveSnapshot(ctx, ref, name)
}

func (l loggedConn) TrashImage(ctx context.Context, ref ImageRef, delay time.Duration) (err error) {
	defer l.change(ctx, "rbd trash mv", ofImage(ref))(&err)
	return l.Conn.TrashImage(ctx, ref, delay)
}

func (l loggedConn) RemoveImage(ctx context.Context, ref ImageRef) (err error) {
	defer l.change(ctx, "rbd rm", ofImage(ref))(&err)
	return l.Conn.RemoveImage(ctx, ref)
}

func (l loggedConn) RemovalOf(ctx context.Context, pool, namespace, id string) (_ string, err error) {
	defer l.read(ctx, "removal of an image", ofNamespace(pool, namespace))(&err)
	return l.Conn.RemovalOf(ctx, pool, namespace, id)
}

func (l loggedConn) EndRemoval(ctx context.Context, pool, namespace, id string) (err error) {
	defer l.change(ctx, "rbd trash rm", ofNamespace(pool, namespace))(&err)
	return l.Conn.EndRemoval(ctx, pool, namespace, id)
}

var (
	enabling   = map[bool]string{true: "enable", false: "disable"}
	protecting = map[bool]string{true: "protect", false: "unprotect"}
)

func ofImage(ref ImageRef) calllog.Object {
	return calllog.Object{Pool: ref.Pool, Namespace: ref.Namespace, Image: ref.Name}
}

func ofNamespace(pool, namespace string) calllog.Object {
	return calllog.Object{Pool: pool, Namespace: namespace}
}

func ofSnapshot(ref ImageRef, name string) calllog.Object {
	object := ofImage(ref)
	object.Snapshot = name
	return object
}

func renamed(ref ImageRef, name string) calllog.Object {
	object := ofImage(ref)
	object.NewName = name
	return object
}

package ceph

import (
	"context"
	"time"
)

// Dial connects to a cluster. rados.Dial is the real one. Its errors are *problem.Problem.
type Dial func(ctx context.Context, cfg Config) (Conn, error)

// Conn is a connection to one cluster as one user. All methods are safe for concurrent use and return as soon as ctx
// ends, also when the cluster hangs. A refusal by the cluster is an Errno; names are given as they are, nothing is looked
// up first.
type Conn interface {
	// FSID returns the cluster's identity.
	FSID(ctx context.Context) (string, error)
	// Addr returns this client's own address as monitors and watchers show it.
	Addr(ctx context.Context) (string, error)
	// MonCommand sends a JSON command to the monitors. The status is the human sentence of the reply, also with an error.
	MonCommand(ctx context.Context, command, input []byte) (reply []byte, status string, err error)
	// MonCommandTo sends a JSON command to the monitor of that name.
	MonCommandTo(ctx context.Context, monitor string, command []byte) (reply []byte, status string, err error)

	// PoolName returns the name of the pool with this id by the newest OSD map; ENOENT if there is none.
	PoolName(ctx context.Context, id int64) (string, error)
	// InitPool enables a pool for RBD and writes RBD's bookkeeping objects.
	InitPool(ctx context.Context, pool string) error
	// PoolConfig returns RBD's settings of a pool by their bare names; none where the pool has no rbd_info.
	PoolConfig(ctx context.Context, pool string) (map[string]string, error)
	// SetPoolConfig sets one of RBD's settings of a pool. EINVAL is librbd's own refusal.
	SetPoolConfig(ctx context.Context, pool, name, value string) error
	// RemovePoolConfig unsets one of RBD's settings of a pool; ENOENT if it is not set.
	RemovePoolConfig(ctx context.Context, pool, name string) error
	// CheckConfig tries a setting on a client that is not connected: ENOENT for an unknown name, EINVAL for a value that it doesn't take.
	CheckConfig(ctx context.Context, name, value string) error
	// VisitObjects calls visit for the objects of all namespaces of a pool until it returns false.
	VisitObjects(ctx context.Context, pool string, visit func(namespace, object string) bool) error
	// RemoveObject removes a RADOS object.
	RemoveObject(ctx context.Context, pool, namespace, object string) error

	// Namespaces lists the RBD namespaces of a pool.
	Namespaces(ctx context.Context, pool string) ([]string, error)
	// CreateNamespace creates an RBD namespace.
	CreateNamespace(ctx context.Context, pool, namespace string) error
	// RemoveNamespace removes an empty RBD namespace.
	RemoveNamespace(ctx context.Context, pool, namespace string) error

	// Images lists the images of a namespace, sorted by name.
	Images(ctx context.Context, pool, namespace string) ([]ImageEntry, error)
	// Trash lists the images in the trash of a namespace.
	Trash(ctx context.Context, pool, namespace string) ([]ImageEntry, error)
	// Groups lists the groups of images of a namespace.
	Groups(ctx context.Context, pool, namespace string) ([]string, error)
	// ImageName returns the name of the image with this id, empty if the namespace has none (the trash doesn't count).
	ImageName(ctx context.Context, pool, namespace, id string) (string, error)
	// ImageDataPools returns the id of the separate data pool of those images, by their ids, that have one.
	ImageDataPools(ctx context.Context, pool, namespace string, ids []string) (map[string]int64, error)

	// ImageHeaders reads what the headers of those images, by their ids, tell. Left out are images without a header and those of which it
	// does not tell all: migrations, very many snapshots.
	ImageHeaders(ctx context.Context, pool, namespace string, ids []string) (map[string]Image, error)
	// Image opens an image read-only, which leaves no watcher, and describes it.
	Image(ctx context.Context, ref ImageRef) (Image, error)
	// ImageAllocated opens an image read-only and looks for an extent of its own: of one that is encrypted in this format behind the header.
	ImageAllocated(ctx context.Context, ref ImageRef, format string) (bool, error)
	// ImageRelations opens an image read-only and tells what decides about its removal. Clones of format 1, and the names of
	// clones, are missing.
	ImageRelations(ctx context.Context, ref ImageRef) (ImageRelations, error)
	// ImageContents is ImageRelations, and of an image of few objects ImageAllocated too; looked tells that.
	ImageContents(ctx context.Context, ref ImageRef, format string) (contents ImageContents, looked bool, err error)
	// ListedClones returns the ids of the clones of format 1 that a pool lists for a snapshot of another pool's image.
	ListedClones(ctx context.Context, pool, namespace string, parentPool int64, parent string, snapshot uint64) ([]string, error)
	// AttachedClones returns the clones of format 2 of those images, by their ids, without names.
	AttachedClones(ctx context.Context, pool, namespace string, ids []string) ([]Clone, error)
	// AllListedClones returns the clones of format 1 that a pool lists for all images of another pool, without names.
	AllListedClones(ctx context.Context, pool, namespace string, parentPool int64) ([]Clone, error)
	// ImageMigration returns the migration of the image with this id, which may be in the trash; nil if there is none.
	ImageMigration(ctx context.Context, pool, namespace, id string) (*Migration, error)
	// Watchers opens an image read-only and lists who has it open for writing.
	Watchers(ctx context.Context, ref ImageRef) ([]Watcher, error)
	// ReadImage opens an image read-only and reads its first byte.
	ReadImage(ctx context.Context, ref ImageRef) error

	// EncryptionHeader opens an image read-only and reads the header of its encryption.
	EncryptionHeader(ctx context.Context, ref ImageRef) (EncryptionHeader, error)

	// FormatImage writes the header of an encryption.
	FormatImage(ctx context.Context, ref ImageRef, encryption Encryption) error
	// CreateImage creates an image, or a clone of the spec's parent with the parent's size, without its metadata.
	CreateImage(ctx context.Context, spec ImageSpec) error
	// ResizeImage changes the size; a smaller one needs allowShrink.
	ResizeImage(ctx context.Context, ref ImageRef, bytes uint64, allowShrink bool) error
	// FlattenImage gives a clone its parent's data. An image that is no clone is EINVAL.
	FlattenImage(ctx context.Context, ref ImageRef) error
	// RenameImage renames an image within its namespace.
	RenameImage(ctx context.Context, ref ImageRef, name string) error
	// SetImageFeatures switches features on or off, all in one step.
	SetImageFeatures(ctx context.Context, ref ImageRef, features []string, enabled bool) error
	// SetImageMetadata sets and removes raw metadata keys.
	SetImageMetadata(ctx context.Context, ref ImageRef, set map[string]string, remove []string) error
	// Snapshots opens an image read-only and lists its snapshots, oldest first.
	Snapshots(ctx context.Context, ref ImageRef) (ImageSnapshots, error)
	// SnapshotsByID is Snapshots of the image with this id, which may be in the trash, without its name.
	SnapshotsByID(ctx context.Context, pool, namespace, id string) (ImageSnapshots, error)
	// CreateSnapshot creates a snapshot of an image.
	CreateSnapshot(ctx context.Context, ref ImageRef, name string) error
	// RenameSnapshot renames a snapshot.
	RenameSnapshot(ctx context.Context, ref ImageRef, from, to string) error
	// ProtectSnapshot sets or lifts the protection of a snapshot.
	ProtectSnapshot(ctx context.Context, ref ImageRef, name string, protected bool) error
	// RemoveSnapshot removes a snapshot that is not protected.
	RemoveSnapshot(ctx context.Context, ref ImageRef, name string) error
	// TrashImage moves an image to the trash of its namespace, which keeps it from being purged for as long as delay, in whole seconds.
	TrashImage(ctx context.Context, ref ImageRef, delay time.Duration) error
	// RemoveImage removes an image.
	RemoveImage(ctx context.Context, ref ImageRef) error
	// RemovalOf returns the former name of the image with this id if its removal has begun and not ended, otherwise nothing.
	RemovalOf(ctx context.Context, pool, namespace, id string) (string, error)
	// EndRemoval removes what is left of such an image.
	EndRemoval(ctx context.Context, pool, namespace, id string) error

	// Close ends the connection once the calls under way have returned. It does not wait for them.
	Close()
}

package config

import "time"

const maxGB = 1 << 30 // an exbibyte: keeps sizes in KiB far from overflow

// storageOptions are the rows of the Heketi dialect and of the storage nodes.
func storageOptions() []Option {
	rows := append(heketiOptions(), heketiVolumeOptions()...)
	rows = append(rows, sshOptions()...)
	rows = append(rows, glusterOptions()...)
	return append(rows, simOptions()...)
}

func heketiOptions() []Option {
	return []Option{
		option("heketi.admin_key", "", secret(), func(c *Config) *Secret { return &c.Heketi.AdminKey },
			"Key that signs the tokens of issuer admin. Needed unless heketi.disable_auth."),
		option("heketi.admin_key_file", "", path(), func(c *Config) *string { return &c.Heketi.AdminKeyFile },
			"File that holds heketi.admin_key."),
		option("heketi.user_key", "", secret(), func(c *Config) *Secret { return &c.Heketi.UserKey },
			"Key that signs the tokens of issuer user. Needed unless heketi.disable_auth."),
		option("heketi.user_key_file", "", path(), func(c *Config) *string { return &c.Heketi.UserKeyFile },
			"File that holds heketi.user_key."),
		option("heketi.disable_auth", "false", boolean(), func(c *Config) *bool { return &c.Heketi.DisableAuth },
			"Let everyone do everything through the Heketi API.").withFlag("disable-auth"),
		option("heketi.open_hello", "false", boolean(), func(c *Config) *bool { return &c.Heketi.OpenHello },
			"Answer GET /hello without a token."),
		option("heketi.iat_leeway", "2m", duration(0), func(c *Config) *time.Duration { return &c.Heketi.IATLeeway },
			"How far a client's clock may be ahead when it issues a token."),
		option("heketi.default_state", "normal", choice("normal", "read-only", "local-client"), func(c *Config) *string { return &c.Heketi.DefaultState },
			"Admin state after a start."),
		option("heketi.executor", ExecutorSSH, choice(ExecutorSSH, ExecutorSim), func(c *Config) *string { return &c.Heketi.Executor },
			"What acts on storage nodes: real ones over SSH, or the simulated cluster.").withFlag("executor"),

		option("heketi.monitor.enabled", "true", boolean(), func(c *Config) *bool { return &c.Heketi.Monitor.Enabled },
			"Look whether glusterd answers on each node, and place nothing where it does not."),
		option("heketi.monitor.start", "10s", duration(0), func(c *Config) *time.Duration { return &c.Heketi.Monitor.Start },
			"First look after the start."),
		option("heketi.monitor.refresh", "2m", duration(time.Second), func(c *Config) *time.Duration { return &c.Heketi.Monitor.Refresh },
			"Time from one look to the next."),
		option("heketi.cleaner.enabled", "true", boolean(), func(c *Config) *bool { return &c.Heketi.Cleaner.Enabled },
			"Clean up by itself what interrupted operations left behind."),
		option("heketi.cleaner.start", "1s", duration(0), func(c *Config) *time.Duration { return &c.Heketi.Cleaner.Start },
			"First cleaning after the start."),
		option("heketi.cleaner.refresh", "10s", duration(time.Second), func(c *Config) *time.Duration { return &c.Heketi.Cleaner.Refresh },
			"Time from one cleaning to the next."),
		option("heketi.retry_limits.volume_create", "4", number(0, 100), func(c *Config) *int { return &c.Heketi.RetryLimits.VolumeCreate },
			"Further tries, each with a new placement, when a volume cannot be made."),
	}
}

func heketiVolumeOptions() []Option {
	return []Option{
		option("heketi.brick_min_size_gb", "1", number(1, maxGB), func(c *Config) *int { return &c.Heketi.BrickMinSizeGB },
			"Smallest brick, in GiB."),
		option("heketi.brick_max_size_gb", "4096", number(1, maxGB), func(c *Config) *int { return &c.Heketi.BrickMaxSizeGB },
			"Largest brick, in GiB."),
		option("heketi.max_bricks_per_volume", "32", number(1, 100000), func(c *Config) *int { return &c.Heketi.MaxBricksPerVolume },
			"Most bricks of one volume, expansions included."),
		option("heketi.average_file_size_kb", "64", number(1, maxGB), func(c *Config) *int { return &c.Heketi.AverageFileSizeKB },
			"Expected size of a file in KiB; decides how small an arbiter brick can be."),
		option("heketi.max_volumes_per_cluster", "1000", number(-1, 1000000), func(c *Config) *int { return &c.Heketi.MaxVolumesPerCluster },
			"Most volumes of one cluster; -1 sets no limit."),
		option("heketi.zone_checking", "none", choice("none", "strict"), func(c *Config) *string { return &c.Heketi.ZoneChecking },
			"strict wants each brick of a set in another zone, or no volume at all."),
		option("heketi.pre_request_volume_options", "", volumeOptions(), func(c *Config) *[]string { return &c.Heketi.PreRequestVolumeOptions },
			"Volume options set before those that a request names: a list, or text with commas."),
		option("heketi.post_request_volume_options", "", volumeOptions(), func(c *Config) *[]string { return &c.Heketi.PostRequestVolumeOptions },
			"Volume options set after those that a request names."),
		option("heketi.block.auto_create", "false", boolean(), func(c *Config) *bool { return &c.Heketi.Block.AutoCreate },
			"Make a hosting volume when no existing one has room for a block volume."),
		option("heketi.block.size_gb", "1024", number(1, maxGB), func(c *Config) *int { return &c.Heketi.Block.SizeGB },
			"Size of a hosting volume that is made so, in GiB."),
		option("heketi.block.options", "group gluster-block", volumeOptions(), func(c *Config) *[]string { return &c.Heketi.Block.Options },
			"Volume options of a hosting volume."),
	}
}

func sshOptions() []Option {
	return []Option{
		option("ssh.key_file", "", path(), func(c *Config) *string { return &c.SSH.KeyFile },
			"Private key for storage nodes, without a passphrase."),
		option("ssh.agent", "false", boolean(), func(c *Config) *bool { return &c.SSH.Agent },
			"Use the agent at SSH_AUTH_SOCK, alone or beside the key."),
		option("ssh.user", "root", word("user name", `[A-Za-z_][A-Za-z0-9._-]{0,63}`), func(c *Config) *string { return &c.SSH.User },
			"User on storage nodes."),
		option("ssh.port", "22", number(1, 65535), func(c *Config) *int { return &c.SSH.Port },
			"Port of sshd on storage nodes."),
		option("ssh.sudo", "false", boolean(), func(c *Config) *bool { return &c.SSH.Sudo },
			"Run commands through sudo, for a user other than root."),
		option("ssh.known_hosts", "", path(), func(c *Config) *string { return &c.SSH.KnownHosts },
			"File of host keys; empty takes known_hosts in data_dir."),
		option("ssh.host_keys", "strict", choice(HostKeysStrict, HostKeysAcceptNew, HostKeysInsecure), func(c *Config) *HostKeys { return &c.SSH.HostKeys },
			"strict wants a known key, accept-new learns the key of a new host, insecure checks nothing."),
		option("ssh.dial_timeout", "10s", duration(time.Millisecond), func(c *Config) *time.Duration { return &c.SSH.DialTimeout },
			"How long connecting and signing in to a node may take."),
		option("ssh.command_timeout", "15m", duration(time.Second), func(c *Config) *time.Duration { return &c.SSH.CommandTimeout },
			"The longest that any script may run on a node; most steps set a shorter limit of their own."),
		option("ssh.keepalive", "5s", duration(100*time.Millisecond), func(c *Config) *time.Duration { return &c.SSH.Keepalive },
			"How often a kept connection is checked for a node that died silently."),
	}
}

func glusterOptions() []Option {
	lvmSize := func() kind[string] { return word("LVM size", `[0-9]{1,9}[bskmgBSKMG]?`) }
	absolute := `/[A-Za-z0-9._/+-]+`
	return []Option{
		option("gluster.fstab", "/etc/fstab", word("absolute path", absolute), func(c *Config) *string { return &c.Gluster.Fstab },
			"File on the nodes that mounts bricks at boot."),
		option("gluster.mount_options", "rw,inode64,noatime,nouuid", word("list of mount options", `[A-Za-z0-9._,=:+-]+`), func(c *Config) *string { return &c.Gluster.MountOptions },
			"Mount options of a brick."),
		option("gluster.snapshot_limit", "0", number(0, 256), func(c *Config) *int { return &c.Gluster.SnapshotLimit },
			"Snapshots that gluster allows of a volume; 0 leaves its setting alone."),
		option("gluster.rebalance_on_expansion", "true", boolean(), func(c *Config) *bool { return &c.Gluster.RebalanceOnExpansion },
			"Start a rebalance after an expansion."),
		option("gluster.backup_lvm_metadata", "false", boolean(), func(c *Config) *bool { return &c.Gluster.BackupLVMMetadata },
			"Let LVM write its own backups on the nodes."),
		option("gluster.cli_timeout", "10m", duration(time.Second), func(c *Config) *time.Duration { return &c.Gluster.CLITimeout },
			"What the gluster command line is told to wait; whole seconds."),
		option("gluster.pv_data_alignment", "256K", lvmSize(), func(c *Config) *string { return &c.Gluster.PVDataAlignment },
			"Alignment of data on a physical volume."),
		option("gluster.vg_physical_extent_size", "4M", lvmSize(), func(c *Config) *string { return &c.Gluster.VGPhysicalExtentSize },
			"Extent size of a volume group."),
		option("gluster.lv_chunk_size", "256K", lvmSize(), func(c *Config) *string { return &c.Gluster.LVChunkSize },
			"Chunk size of a thin pool."),
		option("gluster.xfs_sw", "0", number(0, 1<<16), func(c *Config) *int { return &c.Gluster.XFSStripeWidth },
			"XFS stripe width in stripe units; 0 leaves it to mkfs. Goes with gluster.xfs_su."),
		option("gluster.xfs_su", "0", number(0, 1<<30), func(c *Config) *int { return &c.Gluster.XFSStripeUnit },
			"XFS stripe unit in bytes; 0 leaves it to mkfs."),
		option("gluster.debug_umount_failures", "false", boolean(), func(c *Config) *bool { return &c.Gluster.DebugUmountFailures },
			"Log who holds a brick that cannot be unmounted."),
		option("gluster.block_prealloc", "full", choice("full", "no"), func(c *Config) *string { return &c.Gluster.BlockPrealloc },
			"Preallocation of block volumes."),
		option("gluster.lvm_wrapper", "", word("command", `(?:/[A-Za-z0-9._/+-]+(?: [A-Za-z0-9._/+=-]+)*)?`), func(c *Config) *string { return &c.Gluster.LVMWrapper },
			"Command put in front of lvm, as an absolute path with plain arguments."),
	}
}

func simOptions() []Option {
	return []Option{
		option("sim.nodes", "6", number(1, 1000), func(c *Config) *int { return &c.Sim.Nodes },
			"Nodes of the simulated cluster."),
		option("sim.devices_per_node", "4", number(1, 100), func(c *Config) *int { return &c.Sim.DevicesPerNode },
			"Devices of each simulated node."),
		option("sim.device_size_gb", "500", number(1, maxGB), func(c *Config) *int { return &c.Sim.DeviceSizeGB },
			"Size of each simulated device, in GiB."),
		option("sim.latency", "0s", duration(0), func(c *Config) *time.Duration { return &c.Sim.Latency },
			"Time that each simulated command takes."),
		option("sim.on_demand", "false", boolean(), func(c *Config) *bool { return &c.Sim.OnDemand },
			"Let simulated nodes and devices appear when they are first asked for."),
	}
}

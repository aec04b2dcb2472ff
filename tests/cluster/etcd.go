package main

import (
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

const etcdStartMax = 60 * time.Second

// runEtcd serves one member on a unix socket, DATA-DIR/etcd.sock, until told to stop.
//
//	hyperkube etcd --data-dir=DIR [--unsafe-no-fsync] [--log-level=warn]
func runEtcd() {
	flags := flag.NewFlagSet("etcd", flag.ExitOnError)
	dataDir := flags.String("data-dir", "", "where data and the socket are (required)")
	noFsync := flags.Bool("unsafe-no-fsync", false, "do not wait for the disk: a power cut may lose everything")
	logLevel := flags.String("log-level", "warn", "debug, info, warn or error")
	_ = flags.Parse(os.Args[1:])
	if *dataDir == "" {
		flags.Usage()
		os.Exit(2)
	}
	dir, err := filepath.Abs(*dataDir)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		fatal("etcd", err)
	}
	if err := serveEtcd(etcdConfig(dir, *noFsync, *logLevel)); err != nil {
		fatal("etcd", err)
	}
}

func etcdConfig(dir string, noFsync bool, logLevel string) *embed.Config {
	config := embed.NewConfig()
	config.Name = "one"
	config.Dir = filepath.Join(dir, "data")
	config.ListenClientUrls = []url.URL{{Scheme: "unix", Path: dir + "/etcd.sock"}}
	config.ListenPeerUrls = []url.URL{{Scheme: "unix", Path: dir + "/peer.sock"}}
	// Advertised addresses must have a port; with one member nobody dials them.
	config.AdvertiseClientUrls = []url.URL{{Scheme: "http", Host: "localhost:2379"}}
	config.AdvertisePeerUrls = []url.URL{{Scheme: "http", Host: "localhost:2380"}}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.UnsafeNoFsync = noFsync
	config.WarningUnaryRequestDuration = time.Second // 0 would log every request.
	config.LogLevel = logLevel
	config.LogOutputs = []string{"stderr"}
	return config
}

func serveEtcd(config *embed.Config) error {
	server, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer server.Close()
	select {
	case <-server.Server.ReadyNotify():
		fmt.Fprintln(os.Stderr, "etcd: ready in", config.Dir)
	case <-time.After(etcdStartMax):
		return errors.New("not ready after " + etcdStartMax.String())
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	select {
	case <-stop:
		return nil
	case err := <-server.Err():
		return err
	}
}

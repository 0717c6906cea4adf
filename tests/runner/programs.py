"""Go programs that end in each of the ways that matter."""

from __future__ import annotations

#: Serves on $ADDR until SIGTERM, and takes $SLOW (a Go duration) to shut down.
SERVER = """package main

import (
	"context"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	listener, err := net.Listen("tcp", os.Getenv("ADDR"))
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server := &http.Server{}
	go server.Serve(listener)
	log.Print("listening")
	<-ctx.Done()
	slow, _ := time.ParseDuration(os.Getenv("SLOW"))
	time.Sleep(slow)
	server.Close()
}
"""

#: Ignores SIGTERM altogether.
STUBBORN = """package main

import (
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signal.Ignore(syscall.SIGTERM)
	listener, err := net.Listen("tcp", os.Getenv("ADDR"))
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err == nil {
			connection.Close()
		}
	}
}
"""

#: Never listens, never ends by itself, handles SIGTERM.
SILENT = """package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	<-ended
}
"""

#: Ends at once, with an error of its own.
FAILING = """package main

import "log"

func main() { log.Fatal("no database at db:5432") }
"""

PANICKING = """package main

import "time"

func main() {
	time.Sleep(10 * time.Millisecond)
	panic("lost my marbles")
}
"""

LOCAL = {"ADDR": "127.0.0.1:${PORT}"}
HTTP = {"tcp": "127.0.0.1:${PORT}", "timeout": 20}

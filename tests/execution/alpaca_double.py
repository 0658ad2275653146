"""A stand-in for Alpaca: its HTTP and WebSocket interfaces, in the shapes of its documentation.

- Orders: https://docs.alpaca.markets/reference/postorder,
  https://docs.alpaca.markets/docs/orders-at-alpaca
- Account and positions: https://docs.alpaca.markets/reference/getaccount-1,
  https://docs.alpaca.markets/reference/getallopenpositions
- Activities: https://docs.alpaca.markets/docs/account-activities
- Latest trades: https://docs.alpaca.markets/reference/stocklatesttrades-1
- Trade updates: https://docs.alpaca.markets/docs/websocket-streaming
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

START = datetime(2024, 1, 31, 15, tzinfo=UTC)


class AlpacaDouble:
    """An account at Alpaca whose market does what the test says.

    ``faults`` is a list of (method and path begin with, answer), each used once: an HTTP
    status instead of an answer; or, of a request that arrives, what becomes of its answer:
    other bytes, or "lost".
    """

    def __init__(self):
        self.orders, self.activities, self.asked = {}, [], []
        self.prices = {"TECL": 50.0, "BIL": 91.5, "SPY": 470.0}
        self.cash, self.positions = 100_000.0, {}
        self.faults, self.fills_at_once, self.hidden_activities = [], True, 0
        self.updates, self.sockets, self.connections = [], [], 0
        self.drop_after = None  # updates, then the connection ends
        self.refuse_stream = False
        self.now = START

    # the market

    def fill(self, client_order_id, volume=None, price=None, heard=1):
        """Execute an order, or a part of it, and tell the stream ``heard`` times."""
        order = self.orders[client_order_id]
        left = float(order["qty"]) - float(order["filled_qty"])
        volume = left if volume is None else volume
        price = self.prices[order["symbol"]] if price is None else price
        self.now += timedelta(milliseconds=250)
        filled = float(order["filled_qty"]) + volume
        is_whole = filled == float(order["qty"])
        order |= {
            "filled_qty": str(filled),
            "filled_avg_price": str(price),
            "status": "filled" if is_whole else "partially_filled",
            "filled_at": _iso(self.now),
        }
        execution = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{client_order_id} {filled}"))
        sign = 1.0 if order["side"] == "buy" else -1.0
        self.cash -= sign * volume * price
        self.positions[order["symbol"]] = self.positions.get(order["symbol"], 0.0) + sign * volume
        self.activities.append(
            {
                "id": f"{self.now:%Y%m%d%H%M%S}{self.now.microsecond // 1000:03d}::{execution}",
                "activity_type": "FILL",
                "transaction_time": _iso(self.now),
                "type": "fill" if is_whole else "partial_fill",
                "price": str(price),
                "qty": str(volume),
                "side": order["side"],
                "symbol": order["symbol"],
                "leaves_qty": str(float(order["qty"]) - filled),
                "order_id": order["id"],
                "cum_qty": str(filled),
                "order_status": order["status"],
            }
        )
        for _ in range(heard):
            self.tell(
                {
                    "event": "fill" if is_whole else "partial_fill",
                    "execution_id": execution,
                    "order": dict(order),
                    "position_qty": str(self.positions[order["symbol"]]),
                    "price": str(price),
                    "qty": str(volume),
                    "timestamp": _iso(self.now),
                }
            )

    def end(self, client_order_id, status):
        """End an order: canceled, expired or rejected."""
        self.orders[client_order_id]["status"] = status
        self.tell({"event": status, "order": dict(self.orders[client_order_id])})

    def tell(self, data):
        self.updates.append(json.dumps({"stream": "trade_updates", "data": data}))

    # what Alpaca answers

    def place(self, body):
        name = body.get("client_order_id") or str(uuid.uuid4())
        if name in self.orders:
            return 422, {"code": 40010001, "message": "client_order_id must be unique"}
        if float(body["qty"]) <= 0:
            return 422, {"code": 40010001, "message": "qty must be > 0"}
        cost = float(body["qty"]) * self.prices.get(body["symbol"], 0.0)
        if body["side"] == "buy" and cost > 2 * self.cash:
            return 403, {"code": 40310000, "message": "insufficient buying power"}
        held = self.positions.get(body["symbol"], 0.0)
        sign = 1.0 if body["side"] == "buy" else -1.0
        is_turned = held * sign < 0 and float(body["qty"]) > abs(held)
        if is_turned:  # https://github.com/alpacahq/Alpaca-API/issues/90
            asked = f"(requested: {body['qty']}, available: {abs(held)})"
            return 403, {"code": 40310000, "message": f"insufficient qty available {asked}"}
        self.orders[name] = {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
            "client_order_id": name,
            "created_at": _iso(self.now),
            "updated_at": _iso(self.now),
            "submitted_at": _iso(self.now),
            "filled_at": None,
            "expired_at": None,
            "canceled_at": None,
            "failed_at": None,
            "asset_id": str(uuid.uuid5(uuid.NAMESPACE_DNS, body["symbol"])),
            "symbol": body["symbol"],
            "asset_class": "us_equity",
            "notional": None,
            "qty": body["qty"],
            "filled_qty": "0",
            "filled_avg_price": None,
            "order_class": "",
            "order_type": body["type"],
            "type": body["type"],
            "side": body["side"],
            "time_in_force": body["time_in_force"],
            "limit_price": None,
            "stop_price": None,
            "status": "pending_new",
            "extended_hours": False,
            "legs": None,
        }
        answer = dict(self.orders[name])
        if self.fills_at_once:
            self.fill(name)
        return 200, answer

    def account(self):
        value = sum(units * self.prices[s] for s, units in self.positions.items())
        equity = self.cash + value
        return {
            "id": "e6fe16f3-64a4-4921-8928-cadf02f92f98",
            "account_number": "PA3ABCDEF",
            "status": "ACTIVE",
            "currency": "USD",
            "buying_power": str(2 * self.cash),
            "cash": str(self.cash),
            "portfolio_value": str(equity),
            "equity": str(equity),
            "trading_blocked": False,
        }

    def held(self):
        return [
            {
                "asset_id": str(uuid.uuid5(uuid.NAMESPACE_DNS, symbol)),
                "symbol": symbol,
                "exchange": "NYSE",
                "asset_class": "us_equity",
                "avg_entry_price": "50.0",
                "qty": str(units),
                "side": "short" if units < 0 else "long",
                "market_value": str(units * self.prices[symbol]),
                "current_price": str(self.prices[symbol]),
            }
            for symbol, units in self.positions.items()
            if units
        ]


def _iso(moment):
    return moment.isoformat().replace("+00:00", "Z")


def app_of(served):
    """Make the application that speaks for the double of the moment."""
    app = FastAPI()

    @app.middleware("http")
    async def faults(request: Request, call_next):
        double = served.double
        asked = f"{request.method} {request.url.path}"
        double.asked.append(asked)
        if request.headers.get("APCA-API-SECRET-KEY") != "secret":
            return JSONResponse({"code": 40110000, "message": "request is not authorized"}, 401)
        for fault in double.faults:
            if asked.startswith(fault[0]):
                double.faults.remove(fault)
                if isinstance(fault[1], int):
                    return JSONResponse({"message": "fault"}, fault[1])
                await call_next(request)
                if fault[1] == "lost":
                    return Response(status_code=504)
                return Response(fault[1], media_type="application/json")
        return await call_next(request)

    @app.post("/v2/orders")
    async def place(request: Request):
        status, answer = served.double.place(await request.json())
        return JSONResponse(answer, status)

    @app.get("/v2/orders:by_client_order_id")
    async def by_client_id(client_order_id: str):
        found = served.double.orders.get(client_order_id)
        missing = {"code": 40410000, "message": "order not found"}
        return JSONResponse(found or missing, 200 if found else 404)

    @app.get("/v2/orders/{order_id}")
    async def by_id(order_id: str):
        orders = served.double.orders.values()
        found = next((order for order in orders if order["id"] == order_id), None)
        missing = {"code": 40410000, "message": "order not found"}
        return JSONResponse(found or missing, 200 if found else 404)

    @app.get("/v2/orders")
    async def orders(status: str = "open", limit: int = 50, after: str = ""):
        is_open = {"new", "accepted", "pending_new", "partially_filled"}
        found = [
            order
            for order in served.double.orders.values()
            if order["submitted_at"] > after and (status == "all" or order["status"] in is_open)
        ]
        return found[:limit]

    @app.get("/v2/account")
    async def account():
        return served.double.account()

    @app.get("/v2/positions")
    async def positions():
        return served.double.held()

    @app.get("/v2/account/activities/FILL")
    async def activities(
        after: str = "", direction: str = "desc", page_size: int = 100, page_token: str = ""
    ):
        assert direction == "asc"
        double = served.double
        hidden = double.hidden_activities
        double.hidden_activities = max(hidden - 1, 0)
        listed = double.activities[: len(double.activities) - hidden]
        late = [row for row in listed if row["transaction_time"] >= after]
        ids = [row["id"] for row in late]
        begin = ids.index(page_token) + 1 if page_token else 0
        return late[begin : begin + min(page_size, 100)]

    @app.get("/v2/stocks/trades/latest")
    async def latest(symbols: str):
        asked, double = symbols.split(","), served.double
        for symbol in asked:
            if symbol not in double.prices:
                return JSONResponse({"message": f"invalid symbol: {symbol}"}, 400)
        at = _iso(double.now)
        trades = {s: {"t": at, "x": "V", "p": double.prices[s], "s": 100} for s in asked}
        return {"trades": trades}

    @app.websocket("/stream")
    async def stream(socket: WebSocket):
        await socket.accept()
        served.double.connections += 1
        with suppress(WebSocketDisconnect):
            await _stream(served.double, socket)

    return app


async def _stream(double, socket):
    said = json.loads(await socket.receive_text())
    is_right = said["data"]["secret_key"] == "secret"
    status = "authorized" if is_right else "unauthorized"
    await _send(
        socket, {"stream": "authorization", "data": {"status": status, "action": said["action"]}}
    )
    if not is_right or double.refuse_stream:
        await socket.close()
        return
    said = json.loads(await socket.receive_text())
    heard = len(double.updates)  # no update is told again to who was not there
    await _send(socket, {"stream": "listening", "data": said["data"]})
    while True:
        if heard < len(double.updates):
            await socket.send_bytes(double.updates[heard].encode())
            heard += 1
            if double.drop_after is not None and heard >= double.drop_after:
                double.drop_after = None
                await socket.close(1011)
                return
        with suppress(TimeoutError):
            said = await asyncio.wait_for(socket.receive(), 0.005)
            if said["type"] == "websocket.disconnect":
                return


async def _send(socket, message):
    # the stream of trade updates comes in binary frames
    await socket.send_bytes(json.dumps(message).encode())


class Served:
    """A double that listens on this machine, in a thread; ``double`` can be another any time."""

    def __init__(self):
        self.double = AlpacaDouble()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = uvicorn.Config(
            app_of(self),
            host="127.0.0.1",
            port=self.port,
            log_level="critical",
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def close(self):
        self._server.should_exit = True
        self._thread.join(10)

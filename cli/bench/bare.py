"""What a command over HTTP costs at the least: a bare FastAPI route that checks the body and inserts one row."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field

TABLE = "create table if not exists courses (course text primary key, title text not null, areas text[] not null)"


class Course(BaseModel):
    course: str = Field(min_length=1, max_length=100)
    title: str = Field(min_length=1, max_length=2000)
    areas: list[str] = Field(min_length=1, max_length=6)


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["BARE_DATABASE_URL"], min_size=10, max_size=10) as pool:
        await pool.execute(TABLE)
        app.state.pool = pool
        yield


app = FastAPI(lifespan=connected)


@app.post("/courses/design", status_code=202)
async def design(course: Course) -> dict[str, str]:
    await app.state.pool.execute("insert into courses values ($1, $2, $3)", course.course, course.title, course.areas)
    return {"course": course.course}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["BARE_PORT"]), log_config=None, access_log=False)
